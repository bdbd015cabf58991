-- name:    digest_macros
-- purpose: One digest as lower-case hex, one row hash as a number, however a column writes it.
-- params:  none
-- nulls:   null, and a value that is no digest of that many bytes, give null
-- order:   none
--
-- A column may hold `D41D8CD98F00B204E9800998ECF8427E` in one row and `1B2M2Y8AsgTpgAmY7PhCfg==` in
-- the next: hexadecimal, base64 (both alphabets), base32 or raw bytes, in any letter case, with or
-- without padding. So nothing is said of a column by some of its values. For a digest of 16, 20 or
-- 32 bytes the lengths of these never clash, so no value can be read in two ways.
-- Digests also come dressed: blanks, quotes, brackets or invisible signs around them, `md5:` or
-- `0x` before them, dashes, colons or blanks between pairs of digits (as in a UUID).
-- What is no digest so far is asked about dresses that need a closer look (`digest_unwrapped`):
-- `sha256-…` of pages, `md5_…`, `b'…'` of Python (of the text, or of the raw bytes), `X'…'` of
-- SQL, digits in groups or byte by byte with anything between them, a padded base64 over several
-- lines, the file name `ab/<digits>.jpg`. One digest of that many bytes must remain, and nothing
-- beside it: `<digits>-12` (an upload in parts), a link and two digests are none.

-- Without what stands around it: whatever is no sign of a digest, and the name of an algorithm.
create or replace temp macro digest_bare(t) as
regexp_replace(
    regexp_replace(
        regexp_replace(t, '^[^0-9A-Za-z+/_\\-]+', ''),
        '^(?i:urn:)?(?i:md5|sha-?1|sha-?256|sha)(?i:sum)?[^0-9A-Za-z+/_\\-]+', ''
    ),
    '[^0-9A-Za-z+/=_-]+$', ''
);

create or replace temp macro digest_from_hex(t, n) as
case
    when
        regexp_full_match(t, '(?:0[xX]|\\[xX])?[0-9A-Fa-f]{2}(?:[-: ]?[0-9A-Fa-f]{2})*')
        and strlen(regexp_replace(t, '^(?:0[xX]|\\[xX])|[-: ]', '', 'g')) = 2 * n
        then lower(regexp_replace(t, '^(?:0[xX]|\\[xX])|[-: ]', '', 'g'))
end;

-- ceil(8 n / 6) signs, or the next multiple of four with padding
create or replace temp macro digest_from_base64(t, n) as
case
    when
        regexp_full_match(t, '[0-9A-Za-z+/_-]+=*')
        and strlen(rtrim(t, '=')) = (8 * n + 5) // 6
        and strlen(t) in ((8 * n + 5) // 6, (n + 2) // 3 * 4)
        then
            lower(hex(try(from_base64(
                rpad(translate(rtrim(t, '='), '-_', '+/'), ((n + 2) // 3 * 4)::integer, '=')
            ))))
end;

-- ceil(8 n / 5) signs, or the next multiple of eight with padding
create or replace temp macro digest_from_base32(t, n) as
case
    when
        regexp_full_match(t, '[A-Za-z2-7]+=*')
        and strlen(rtrim(t, '=')) = (8 * n + 4) // 5
        and strlen(t) in ((8 * n + 4) // 5, (n + 4) // 5 * 8)
        then
            lower(hex(unbin(left(
                array_to_string(
                    list_transform(
                        string_split(upper(rtrim(t, '=')), ''),
                        lambda c:
                        lpad(bin(strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', c) - 1), 5, '0')
                    ),
                    ''
                ),
                8 * n
            ))))
end;

create or replace temp macro digest_undressed(t, n) as
coalesce(digest_from_hex(t, n), digest_from_base64(t, n), digest_from_base32(t, n));

-- Without names, quotes and what no digest has, also where a dash or a stroke holds them together:
-- right behind a name, or with blanks on both sides; elsewhere base64 of links begins with one.
create or replace temp macro digest_unwrapped(t) as
regexp_replace(
    regexp_replace(
        t,
        '^[^0-9A-Za-z+/_\\-]*'
        || '(?:(?i:urn|image|hash|digest|checksum|md5|sha-?1|sha-?256|sha)(?i:sum)?'
        || '(?:[-_]|[^0-9A-Za-z+/_\\-]+[-_][^0-9A-Za-z+/_\\-]+|[^0-9A-Za-z+/_\\-]+)){0,3}'
        || '(?:(?i:br?|rb|[uxe])[''"])?[^0-9A-Za-z+/_\\-]*',
        ''
    ),
    '[^0-9A-Za-z+/=_-]+$', ''
);

-- A macro's text stands, is bound and is evaluated wherever the macro names it: so these four name
-- theirs once, and what is made of a text for others is bound to a name by a lambda. Digits in
-- even groups, with blanks, line breaks and signs beyond ASCII between them; or bytes one by one,
-- each marked or parted in any way.
create or replace temp macro digest_in_groups(t, n) as
regexp_extract(
    regexp_replace(
        regexp_extract(
            t,
            '^[^0-9A-Za-z]*(?:0?[xX])?'
            || '((?:[0-9A-Fa-f]{2}(?:[-: \t-\r]|[^\x00-\x7F])*)+'
            || '|[0-9A-Fa-f]{2}(?:(?:[^0-9A-Za-z]+(?:0?[xX])?|0[xX])[0-9A-Fa-f]{2})*)$',
            1
        ),
        '0[xX]|[^0-9A-Fa-f]', '', 'g'
    ),
    '^[0-9A-Fa-f]{' || (2 * n)::varchar || '}$'
);

-- A file name whose stem is the digits, with folders before it or none.
create or replace temp macro digest_in_file(t, n) as
regexp_extract(
    t,
    '^(?:(?:[A-Za-z]:)?[^:?#]*[/\\])?([0-9A-Fa-f]{' || (2 * n)::varchar
    || '})(?:\.[0-9A-Za-z]{2,5}){0,2}$',
    1
);

-- base64, over several lines or on one
create or replace temp macro digest_in_lines(t, n) as
hex(from_base64(
    translate(
        nullif(regexp_extract(
            regexp_replace(t, ' *[\t-\r][ \t-\r]*', '', 'g'),
            '^([0-9A-Za-z+/_-]{' || ((8 * n + 5) // 6)::varchar || '})'
            || '(?:={' || ((n + 2) // 3 * 4 - (8 * n + 5) // 6)::varchar || '})?$',
            1
        ), ''),
        '-_', '+/'
    ) || repeat('=', (n + 2) // 3 * 4 - (8 * n + 5) // 6)
));

-- Raw bytes as Python shows them.
create or replace temp macro digest_in_python(t, n) as
regexp_extract(
    hex((
        replace(replace(replace(replace(replace(replace(
            regexp_extract(
                t,
                '^[^0-9A-Za-z+/_\\-]*[bB][''"]'
                || '((?:[ -\[\]-~]|\\x[0-9A-Fa-f]{2}|\\[nrt''"\\])*)[''"][^0-9A-Za-z+/=_-]*$',
                1
            ),
            '\\', '\x5C'
        ), '\n', '\x0A'), '\r', '\x0D'), '\t', '\x09'), '\''', '\x27'), '\"', '\x22')
    )::blob),
    '^[0-9A-F]{' || (2 * n)::varchar || '}$'
);

create or replace temp macro digest_wrapped(t, n) as
case
    when strlen(t) >= (8 * n + 5) // 6
        then list_transform(
            [digest_unwrapped(t)],
            lambda u: lower(coalesce(
                nullif(digest_in_groups(u, n), ''),
                digest_in_lines(u, n),
                case
                    when len(regexp_extract_all(t, '[0-9A-Fa-f]{' || (2 * n)::varchar || '}')) = 1
                        then nullif(digest_in_file(u, n), '')
                end,
                -- one escape at least, so that no digits are taken for bytes
                case when contains(t, '\x') then nullif(digest_in_python(t, n), '') end
            ))
        )[1]
end;

-- Nearly every value is plain hexadecimal, so that is asked first.
create or replace temp macro is_plain_digest(t, n) as
coalesce(strlen(t) = 2 * n and try(unhex(t)) is not null, false);

create or replace temp macro digest_of_text(t, n) as
case
    when is_plain_digest(t, n) then lower(t)
    when t is null then null
    else
        coalesce(
            list_transform([digest_bare(t)], lambda b: digest_undressed(b, n))[1],
            digest_wrapped(t, n)
        )
end;

create or replace temp macro digest_of_bytes(b, n) as
case
    when octet_length(b) = n then lower(hex(b))
    else digest_of_text(try(decode(b)), n)
end;

create or replace temp macro is_digest_of_text(t, n) as
case
    when is_plain_digest(t, n) then true
    when t is null then false
    else digest_of_text(t, n) is not null
end;

create or replace temp macro is_digest_of_bytes(b, n) as
case when octet_length(b) = n then true else is_digest_of_text(try(decode(b)), n) end;

-- LAION's row hash of a whole number: signed, or without a sign as some programs store 64 bits.
create or replace temp macro row_hash_of_number(v) as
case
    when v::hugeint between -9223372036854775808 and 9223372036854775807 then v::hugeint
    when v::hugeint between 9223372036854775808 and 18446744073709551615
        then v::hugeint - 18446744073709551616
end::bigint;

-- By its digits alone: `1.2e18` has lost its last ones.
create or replace temp macro row_hash_of_text(t) as
row_hash_of_number(nullif(regexp_extract(t, '^[ \t-\r]*([+-]?[0-9]{1,20})[ \t-\r]*$', 1), ''));

-- Whether there is a value at all: an empty text, or blanks, are none.
create or replace temp macro has_text(t) as coalesce(trim(t) != '', false);
