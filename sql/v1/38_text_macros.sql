-- name:    text_macros
-- purpose: The form in which two spellings of a word are equal: blanks alike, NFC, case-folded.
-- params:  none
-- nulls:   null gives null
-- order:   none
--
-- fold_text('STRASSE') = fold_text('Straße'); 'ς' folds like 'σ' and 'ﬁ' like 'fi'.
-- lower() is Unicode's simple mapping; what full case folding adds to it is listed here and
-- looked up letter by letter, in the few captions that hold such a letter. Source:
-- CaseFolding.txt of the Unicode standard, statuses C and F. (Cherokee alone comes out in small
-- letters, where the standard takes capitals; no comparison changes by that.)
--
-- Before that, fold_blanks makes any run of white space one blank, and drops what nobody sees
-- (Default_Ignorable_Code_Point: soft hyphens, joiners, byte order marks, variation selectors).
-- Source: PropList.txt and DerivedCoreProperties.txt of Unicode 16.0. readings(t) gives a caption
-- so, and where it holds unseen letters that may part words too, also with these as blanks:
-- `tea<U+200B>pot` holds `teapot`, and so does `red<U+200B>teapot`.
--
-- A caption may carry a million marks on one letter, and putting these in order takes the square
-- of their number. As in the standard's Stream-Safe Text Format, a joiner (U+034F) between every
-- thirty marks and the next ends that; it is a mark itself, so no border of a word moves.

create or replace temp macro white_letters() as
'\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}';

-- What nobody sees: within words alone (the soft hyphen, marks), and the others.
create or replace temp macro inner_letters() as
'\x{AD}\x{34F}\x{17B4}\x{17B5}\x{180B}-\x{180D}\x{180F}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}';
create or replace temp macro outer_letters() as
'\x{61C}\x{115F}\x{1160}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{3164}'
|| '\x{FEFF}\x{FFA0}\x{FFF0}-\x{FFF8}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}'
|| '\x{E0000}-\x{E00FF}\x{E01F0}-\x{E0FFF}';

create or replace temp macro fold_blanks(t) as (
    case
        when
            regexp_matches(
                t,
                '  |['
                || replace(white_letters(), ' ', '')
                || inner_letters()
                || outer_letters()
                || ']'
            )
            then
                regexp_replace(
                    regexp_replace(t, '[' || inner_letters() || outer_letters() || ']+', '', 'g'),
                    '[' || white_letters() || ']+', ' ', 'g'
                )
        else t
    end
);

create or replace temp macro readings(t) as (
    case
        when regexp_matches(t, '[' || outer_letters() || ']')
            then
                [
                    fold_blanks(t),
                    fold_blanks(regexp_replace(t, '[' || outer_letters() || ']', ' ', 'g'))
                ]
        else [fold_blanks(t)]
    end
);

-- Not by `\p{M}{30}`: to compile that takes 15 ms, wherever a macro stands that names this one.
create or replace temp macro part_marks(t) as (
    case
        when regexp_matches(t, '[^\x00-\x7F]{31}')
            then
                array_to_string(
                    list_transform(
                        regexp_extract_all(t, '\p{M}+|\P{M}+'),
                        lambda part:
                        case
                            when length(part) > 30 and regexp_matches(part, '^\p{M}')
                                then
                                    array_to_string(
                                        regexp_extract_all(part, '(?s).{1,30}'), chr(847)
                                    )
                            else part
                        end
                    ),
                    ''
                )
        else t
    end
);

-- Two lists side by side rather than a map: DuckDB takes a tenth of the time to read them.
create or replace temp macro full_folded() as
string_split(
    'µ ſ ͅ ς ϐ ϑ ϕ ϖ ϰ ϱ ϵ ᲀ ᲁ ᲂ ᲃ ᲄ ᲅ ᲆ ᲇ ᲈ ẛ ß İ ŉ և ẚ ẞ ᾀ ᾁ ᾂ ᾃ ᾄ ᾅ ᾆ ᾇ ᾈ ᾉ ᾊ ᾋ ᾌ ᾍ ᾎ ᾏ ᾐ '
    || 'ᾑ ᾒ ᾓ ᾔ ᾕ ᾖ ᾗ ᾘ ᾙ ᾚ ᾛ ᾜ ᾝ ᾞ ᾟ ᾠ ᾡ ᾢ ᾣ ᾤ ᾥ ᾦ ᾧ ᾨ ᾩ ᾪ ᾫ ᾬ ᾭ ᾮ ᾯ ᾲ ᾳ ᾴ ᾷ ᾼ ῂ ῃ ῄ ῇ ῌ ῲ ῳ ῴ '
    || 'ῷ ῼ ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ ﬓ ﬔ ﬕ ﬖ ﬗ',
    ' '
);
create or replace temp macro full_folds() as
string_split(
    'μ s ι σ β θ φ π κ ρ ε в д о с т т ъ ѣ ꙋ ṡ ss i̇ ʼn եւ aʾ ss ἀι ἁι ἂι ἃι ἄι ἅι ἆι ἇι ἀι '
    || 'ἁι ἂι ἃι ἄι ἅι ἆι ἇι ἠι ἡι ἢι ἣι ἤι ἥι ἦι ἧι ἠι ἡι ἢι ἣι ἤι ἥι ἦι ἧι ὠι ὡι ὢι ὣι ὤι ὥι '
    || 'ὦι ὧι ὠι ὡι ὢι ὣι ὤι ὥι ὦι ὧι ὰι αι άι ᾶι αι ὴι ηι ήι ῆι ηι ὼι ωι ώι ῶι ωι ff fi fl '
    || 'ffi ffl st st մն մե մի վն մխ',
    ' '
);
create or replace temp macro fold_letters(t) as (
    array_to_string(
        list_transform(
            string_split(t, ''),
            lambda letter: coalesce(
                full_folds()[list_position(full_folded(), letter)], letter
            )
        ),
        ''
    )
);

create or replace temp macro fold_text(t) as (
    list_transform(
        [nfc_normalize(part_marks(t))],
        lambda whole: nfc_normalize(lower(
            case
                when
                    regexp_matches(whole, '[µßİŉſͅςϐϑϕϖϰϱϵևᲀ-ᲈẚẛẞᾀ-ῼﬀ-ﬆﬓ-ﬗ]')
                    then fold_letters(whole)
                else whole
            end
        ))
    )[1]
);

-- Letters of scripts that put no space between words. Constant in each pattern: one that a table
-- gives is compiled for each row.
create or replace temp macro unspaced_letters() as
'\x{0E00}-\x{0EFF}\x{0F00}-\x{0FFF}\x{1000}-\x{109F}\x{1780}-\x{17FF}'
|| '\x{1950}-\x{19FF}\x{1A20}-\x{1AAF}\x{1B00}-\x{1B7F}\x{3005}-\x{302D}'
|| '\x{3031}-\x{303C}\x{3040}-\x{312F}\x{3190}-\x{31BF}\x{31F0}-\x{31FF}\x{3400}-\x{4DBF}'
|| '\x{4E00}-\x{9FFF}\x{A980}-\x{A9FF}\x{AA60}-\x{AADF}\x{F900}-\x{FAFF}'
|| '\x{FF66}-\x{FF9F}\x{1AFF0}-\x{1B16F}\x{20000}-\x{3FFFF}';
