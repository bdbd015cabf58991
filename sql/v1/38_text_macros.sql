-- name:    text_macros
-- purpose: The form in which two spellings of a word are equal: NFC and case-folded.
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
-- A caption may carry a million marks on one letter, and putting these in order takes the square
-- of their number. As in the standard's Stream-Safe Text Format, a joiner (U+034F) after every
-- thirtieth mark ends that; it is a mark itself, so no border of a word moves.

create or replace temp macro part_marks(t) as (
    case
        when regexp_matches(t, '\p{M}{31}')
            then regexp_replace(t, '(\p{M}{30})', '\1' || chr(847), 'g')
        else t
    end
);

create or replace temp macro fold_letters(t) as (
    array_to_string(
        list_transform(
            string_split(t, ''),
            lambda letter: coalesce(
                map {
                    'µ': 'μ', 'ſ': 's', 'ͅ': 'ι', 'ς': 'σ', 'ϐ': 'β', 'ϑ': 'θ', 'ϕ': 'φ',
                    'ϖ': 'π', 'ϰ': 'κ', 'ϱ': 'ρ', 'ϵ': 'ε', 'ᲀ': 'в', 'ᲁ': 'д', 'ᲂ': 'о',
                    'ᲃ': 'с', 'ᲄ': 'т', 'ᲅ': 'т', 'ᲆ': 'ъ', 'ᲇ': 'ѣ', 'ᲈ': 'ꙋ', 'ẛ': 'ṡ',
                    'ß': 'ss', 'İ': 'i̇', 'ŉ': 'ʼn', 'և': 'եւ', 'ẚ': 'aʾ', 'ẞ': 'ss',
                    'ᾀ': 'ἀι', 'ᾁ': 'ἁι', 'ᾂ': 'ἂι', 'ᾃ': 'ἃι', 'ᾄ': 'ἄι', 'ᾅ': 'ἅι',
                    'ᾆ': 'ἆι', 'ᾇ': 'ἇι', 'ᾈ': 'ἀι', 'ᾉ': 'ἁι', 'ᾊ': 'ἂι', 'ᾋ': 'ἃι',
                    'ᾌ': 'ἄι', 'ᾍ': 'ἅι', 'ᾎ': 'ἆι', 'ᾏ': 'ἇι', 'ᾐ': 'ἠι', 'ᾑ': 'ἡι',
                    'ᾒ': 'ἢι', 'ᾓ': 'ἣι', 'ᾔ': 'ἤι', 'ᾕ': 'ἥι', 'ᾖ': 'ἦι', 'ᾗ': 'ἧι',
                    'ᾘ': 'ἠι', 'ᾙ': 'ἡι', 'ᾚ': 'ἢι', 'ᾛ': 'ἣι', 'ᾜ': 'ἤι', 'ᾝ': 'ἥι',
                    'ᾞ': 'ἦι', 'ᾟ': 'ἧι', 'ᾠ': 'ὠι', 'ᾡ': 'ὡι', 'ᾢ': 'ὢι', 'ᾣ': 'ὣι',
                    'ᾤ': 'ὤι', 'ᾥ': 'ὥι', 'ᾦ': 'ὦι', 'ᾧ': 'ὧι', 'ᾨ': 'ὠι', 'ᾩ': 'ὡι',
                    'ᾪ': 'ὢι', 'ᾫ': 'ὣι', 'ᾬ': 'ὤι', 'ᾭ': 'ὥι', 'ᾮ': 'ὦι', 'ᾯ': 'ὧι',
                    'ᾲ': 'ὰι', 'ᾳ': 'αι', 'ᾴ': 'άι', 'ᾷ': 'ᾶι', 'ᾼ': 'αι', 'ῂ': 'ὴι',
                    'ῃ': 'ηι', 'ῄ': 'ήι', 'ῇ': 'ῆι', 'ῌ': 'ηι', 'ῲ': 'ὼι', 'ῳ': 'ωι',
                    'ῴ': 'ώι', 'ῷ': 'ῶι', 'ῼ': 'ωι', 'ﬀ': 'ff', 'ﬁ': 'fi', 'ﬂ': 'fl',
                    'ﬃ': 'ffi', 'ﬄ': 'ffl', 'ﬅ': 'st', 'ﬆ': 'st', 'ﬓ': 'մն', 'ﬔ': 'մե',
                    'ﬕ': 'մի', 'ﬖ': 'վն', 'ﬗ': 'մխ'
                }[letter],
                letter
            )
        ),
        ''
    )
);

create or replace temp macro fold_text(t) as (
    nfc_normalize(
        lower(
            case
                when
                    regexp_matches(
                        nfc_normalize(part_marks(t)),
                        '[µßİŉſͅςϐϑϕϖϰϱϵևᲀ-ᲈẚẛẞᾀ-ῼﬀ-ﬆﬓ-ﬗ]'
                    )
                    then fold_letters(nfc_normalize(part_marks(t)))
                else nfc_normalize(part_marks(t))
            end
        )
    )
);
