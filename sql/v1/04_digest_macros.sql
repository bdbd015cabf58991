-- name:    digest_macros
-- purpose: One digest as lower-case hex, however a column writes it, told value by value.
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

-- Nearly every value is plain hexadecimal, so that is asked first.
create or replace temp macro digest_of_text(t, n) as
case
    when strlen(t) = 2 * n and regexp_full_match(t, '[0-9A-Fa-f]*') then lower(t)
    else digest_undressed(digest_bare(t), n)
end;

create or replace temp macro digest_of_bytes(b, n) as
case
    when octet_length(b) = n then lower(hex(b))
    else digest_of_text(try(decode(b)), n)
end;

-- Whether there is a value at all: an empty text, or blanks, are none.
create or replace temp macro has_text(t) as coalesce(trim(t) != '', false);
