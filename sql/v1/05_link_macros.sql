-- name:    link_macros
-- purpose: What SQL can say about a link by itself: its host, and whether its key is plain.
-- params:  none
-- nulls:   every macro gives null for a null link
-- order:   none
--
-- A link key is the form in which two spellings of the same link are equal:
-- `https://www.example.com/a.jpg/` and `http://example.com/a.jpg` have the key
-- `example.com/a.jpg`. `relaion.link_key` defines it (decisions/0001-link-key.md).
--
-- Nine links in ten need no more than their scheme, one `www.` and the slash at the end cut.
-- link_is_canonical proves that of a link, and link_stripped cuts. All other links go to
-- link_key. To doubt a plain link costs time; to trust another would be a missed link.
-- Six promises, all tested:
--   link_is_canonical(u)  implies  link_stripped(u) = link_key(u)
--   so does link_is_canonical(t)  imply  link_stripped(t) = link_key(u), t = link_tidied(link_undone(u)),
--   also where u is lowered (link_lowered) before
--   link_is_odd_host(u)   or       link_host_digest(link_host(u)) = host_digest(link_key(u))
--   link_tail(u) is null  or       link_key(u) ends in it, or cannot spread
--   inner_tail(u) is null or       so for each of inner_links(u)
--   link_may_hide(u)      or       u holds link_word(t), t the last 24 characters of link_key(u), or of the
--                                  key of one of inner_links(u), where that spreads and has such a word
-- and for every pattern `*.h` that names the key of a link whose host is not odd, the digest of
-- h is that of one of link_host_endings(link_host(u)).

-- Links of more than 16 KiB are compared by their bytes, so that each costs little:
-- `relaion.links.text` says what of them is still read. strlen counts bytes; a link whose bytes
-- are no UTF-8 stands here as U+10FFFF and a character for each byte.
create or replace temp macro link_longest() as 16384;
create or replace temp macro link_is_giant(u) as
case
    when u is null then null
    when strlen(u) <= link_longest() then false
    else list_transform(
        [regexp_extract(u, '^(?:[^:/\\?#]*:)?[/\\]*[^/\\?#]*', 0)],
        lambda p: case
            when starts_with(u, chr(1114111))
                then greatest(length(p) - 1, length(u) - length(p)) > link_longest()
            else greatest(strlen(p), strlen(u) - strlen(p)) > link_longest()
        end
    )[1]
end;

-- One label of an ordinary host, and its last. Labels that begin with `xn` may be punycode,
-- hosts that end in a number may be an address: neither is ordinary.
create or replace temp macro link_label() as
'(?:x|(?:[a-wyz0-9_-]|x[a-mo-z0-9_-])[a-z0-9_-]*)';
create or replace temp macro link_last_label() as '(?:[a-wyz]|x[a-mo-z])[a-z0-9_-]*';

-- The host as it stands. Empty for one that is anything but plain lower-case letters, digits,
-- `_`, `-` and dots, with a scheme before it and a slash or nothing after it: no entity, escape,
-- blank, port or user name can hide in what is left.
-- Written so that no character leaves a choice where the host goes on: RE2 then takes one pass.
create or replace temp macro link_first_label() as
'(?:[a-wyz0-9_-][a-z0-9_-]*|x(?:[a-mo-z0-9_-][a-z0-9_-]*)?)';
create or replace temp macro link_letter_label() as
'(?:[a-wyz][a-z0-9_-]*|x(?:[a-mo-z0-9_-][a-z0-9_-]*)?)';
create or replace temp macro link_host(u) as
regexp_extract(
    u,
    '^https?://(' || link_first_label()
    || '(?:\.(?:[0-9_-][a-z0-9_-]*\.)*' || link_letter_label() || ')+)(?:/|$)',
    1
);
-- A host of many kilobytes leads nowhere: no list can name it, and it is no part of a key.
create or replace temp macro link_is_odd_host(u) as
link_host(u) = '' or strlen(link_host(u)) > link_longest() - 8;

-- The host of a place, which is what stands between two slashes and the next one. Capitals of ASCII
-- are the small letters that browsers make of them; of other letters nothing is said.
create or replace temp macro link_place_host(p) as
link_host(
    'http://' || case when regexp_full_match(p, '[A-Za-z0-9._-]*') then lower(p) else p end || '/'
);
create or replace temp macro link_capital_host() as '^https?://[A-Za-z0-9._-]*';
create or replace temp macro link_lowered(u) as
case
    when regexp_matches(u, '^https?://[a-z0-9._-]*[A-Z]')
        then
            lower(regexp_extract(u, link_capital_host()))
            || regexp_replace(u, link_capital_host(), '')
    else u
end;

-- The digest of a host, without `www.` wherever that stands: in front it never tells hosts apart,
-- and a few more links with the same digest only cost time.
create or replace temp macro link_host_digest(h) as md5(replace(h, 'www.', ''));

-- The host and every ending of it at a dot: `a.b.com` gives `a.b.com`, `b.com`, `com`. Of the
-- whole host: without the `www.` of `awww.b.com` no `b.com` would be left.
create or replace temp macro link_host_endings(h) as
list_transform(
    range(1, len(string_split(h, '.')) + 1),
    lambda i: array_to_string(string_split(h, '.')[i:], '.')
);

-- What path and query may hold in a canonical link: printable ASCII as itself and the rest as
-- upper-case escapes; but nothing that could be an entity (`;`), a fragment (`#`), a backslash,
-- or an escape to be undone.
create or replace temp macro link_signs() as '[A-Za-z0-9_~!$''()*+,:=@&|^{}\[\]-]';
create or replace temp macro link_path_escape() as '%(?:[01][0-9A-F]|20|23|5C|7F|[89A-F][0-9A-F])';
create or replace temp macro link_query_escape() as '%(?:[01][0-9A-F]|23|5C|7F|[89A-F][0-9A-F])';

-- A segment of the path is never empty and never only dots; a query is not empty and does not
-- end in `&`.
create or replace temp macro link_segment() as
'/\.*(?:' || link_signs() || '|' || link_path_escape() || ')'
|| '(?:' || link_signs() || '|\.|' || link_path_escape() || ')*';
create or replace temp macro link_query() as
'\?(?:' || link_signs() || '|[./?]|' || link_query_escape() || ')*'
|| '(?:[A-Za-z0-9_~!$''()*+,:=@./?|^{}\[\]-]|' || link_query_escape() || ')';

-- Whether a link is its own key but for scheme, one `www.` and a slash at the end. `www.` stays
-- where one label would remain, and more than one is for link_key.
create or replace temp macro link_is_canonical(u) as
strlen(u) <= link_longest()
and regexp_matches(
    u,
    '^https?://(?:' || link_label() || '\.)+' || link_last_label()
    || '(?:' || link_segment() || ')*(?:/|' || link_query() || ')?$'
)
and case
    when contains(u, '://www.')
        then not regexp_matches(u, '^https?://www\.(?:www\.|[^./?]*(?:[/?]|$))')
    else true
end;

-- The key of a canonical link; of any other link it means nothing.
create or replace temp macro link_unprefixed(u) as
substr(
    u,
    case
        when starts_with(u, 'https://www.') then 13
        when starts_with(u, 'http://www.') then 12
        when starts_with(u, 'https://') then 9
        else 8
    end
);
create or replace temp macro link_stripped(u) as
case
    when ends_with(u, '/') and not contains(u, '?') then rtrim(link_unprefixed(u), '/')
    else link_unprefixed(u)
end;

-- Of the other links, one in twelve, most need little to be canonical: `&amp;` undone, and escapes
-- of signs that need none (link_undone); then one slash for several, none before the query, no `&`
-- at the end (link_tidied). Both do so where nothing else can be meant; link_undone is null where
-- the host is not plain, or the link so long that it may be compared by its bytes. Where the text is
-- canonical then, its key is the link's:
--   entities        need a `;`: there is none but those of `&amp;`, each of which is undone once
--   escapes         no letter, digit, dot, `%`, `?`, `#` or `;` is among them, so that none spells
--                   another, an entity, an end of the path, or a segment of dots; but `%25` before
--                   two digits, which are undone with it until no escape is left: as `%2520` is
--                   `%20`, of any depth
--   slashes         are joined before the first `?` alone, as in the key after its escapes
-- In two steps, for the second names what the first makes more than once. (Not by a lambda, which
-- would compile every pattern in it anew for each chunk of rows; `rtrim` is as slow.)
create or replace temp macro link_unescaped_capitals(t) as
replace(
    replace(replace(replace(replace(replace(replace(replace(
        t, '%2C', ','
    ), '%2B', '+'), '%3A', ':'), '%2F', '/'), '%3D', '='), '%26', '&'), '%28', '('),
    '%29', ')'
);
create or replace temp macro link_unescaped_others(t) as
replace(
    replace(replace(replace(replace(replace(replace(replace(
        t, '%2c', ','
    ), '%2b', '+'), '%3a', ':'), '%2f', '/'), '%3d', '='), '%40', '@'), '%21', '!'),
    '%27', ''''
);
create or replace temp macro link_unescaped_brackets(t) as
replace(
    replace(replace(replace(replace(replace(
        t, '%7C', '|'
    ), '%5E', '^'), '%5B', '['), '%5D', ']'), '%7B', '{'),
    '%7D', '}'
);
create or replace temp macro link_shallow(u) as
case
    when contains(u, '%25') then regexp_replace(u, '%(?:25)+([0-9A-Fa-f]{2})', '%\1', 'g')
    else u
end;
create or replace temp macro link_undone(u) as
case
    when strlen(u) > link_longest() or link_host(u) = '' then null
    when not contains(u, '%') then replace(u, '&amp;', '&')
    else
        link_unescaped_brackets(link_unescaped_others(
            link_unescaped_capitals(replace(link_shallow(u), '&amp;', '&'))
        ))
end;
create or replace temp macro link_tidied_path(p) as
case
    when regexp_matches(p, '^.{8}.*/(?:/|$)')
        then
            left(p, 8)
            || regexp_replace(regexp_replace(substr(p, 9), '//+', '/', 'g'), '/$', '')
    else p
end;
create or replace temp macro link_tidied_query(q) as
case
    when q = '?' then ''
    when ends_with(q, '&') or contains(q, '%20')
        then coalesce(nullif(regexp_replace(replace(q, '%20', '+'), '&+$', ''), '?'), '')
    else q
end;
-- The first line names all that the two above change, and more: to look for it costs a tenth.
create or replace temp macro link_tidied(t) as
case
    when
        not (
            t like '%//%//%' or contains(t, '/?') or contains(t, '%20')
            or ends_with(t, '/') or ends_with(t, '&') or ends_with(t, '?')
        )
        then t
    when contains(t, '?')
        then
            link_tidied_path(split_part(t, '?', 1))
            || link_tidied_query(substr(t, strpos(t, '?')))
    else link_tidied_path(t)
end;

-- The key of each link of a relation that has a column url, and all its columns with it: null where
-- SQL cannot prove it, and for no link.
create or replace temp macro link_proved(links) as table
    with told as (
        select
            *,
            link_is_canonical(url) as is_canonical
        from query_table(links)
    ),

    undone as (
        select
            *,
            case when not is_canonical then link_undone(url) end as undone
        from told
    ),

    tidied as (
        select
            * exclude (undone),
            case when is_canonical then url else link_tidied(undone) end as tidy
        from undone
    )

    select
        * exclude (is_canonical, tidy),
        case when is_canonical or link_is_canonical(tidy) then link_stripped(tidy) end as url_key
    from tidied;

-- The last eight characters of a link's key, where they are plainly those of the link; null where
-- they may be others. A row can carry a listed link only where these are the end of that link's
-- key, or are null: by far the cheapest test.
--
-- Why it is never too few. Eight such characters at the end of a text are changed by nothing that
-- link_key does: they hold no blank and nothing invisible that would be trimmed, no quote, comma
-- or colon (so no frame and no scheme ends among them), no slash (so their segment of the path is
-- longer than `..`, and none follows that could take it away), no `?`, `#` or `;`, and no `&` at
-- the very end. What stands before them can reach them by
--   an entity       needs a `;`: there is none but that of `&amp;`, which is undone first
--   a fragment      needs a `#`, and none can be spelled without `;` or `%`
--   an escape       needs a `%` among the ten last, or one that spells the beginning of another
--                   (`%2541`, `%%32541`, a line break in its midst)
--   a whole link escaped, or in it a `;`: needs `%3A`, `%3B` or `%25`
--   the host        which is written anew: then nothing follows it, no path and no query, and
--                   such a key cannot spread (key_can_spread)
-- Where the host is known to end before (link_ends_early), slashes, `?` and other signs may stand
-- among them; but not so that a segment could be empty or only dots, or a query empty.
-- Links of many kilobytes keep what follows their host as it stands, but for raw characters: `&amp;`, too.
-- link_long_tail is the same of 24 characters: it costs more, and tells `.jpg?w=640&h=480` apart.
create or replace temp macro link_end() as
'[A-Za-z0-9_.~=+!$()*&-]{7}[A-Za-z0-9_.~=+!$()*-]$';
create or replace temp macro link_reaching_escape() as
'%(?:25|3[0-9ABab]|[46][1-6])|[\t\n\r]';

-- Whether a link whose host ends early may hold what stands at its end there.
create or replace temp macro link_ends_early(start) as
regexp_matches(start, '^https?://[^/?#\\]+/');
create or replace temp macro link_long_end(tail) as
regexp_full_match(tail, '[!"$&-:<-[\]-~]*[!"$''-.0-:<->@-[\]-~]')
and not regexp_matches(tail, '//|/[.?]|[.][/?]');

create or replace temp macro link_tail_of(u) as
case
    when contains(u, '#') then null
    when
        contains(u, '%')
        and (contains(substr(u, -10), '%') or regexp_matches(u, link_reaching_escape()))
        then null
    -- letters, digits and `-._~` need no escape; to ask so takes half the time
    when substr(u, -8) = url_encode(substr(u, -8)) then substr(u, -8)
    when regexp_matches(substr(u, -8), link_end()) then substr(u, -8)
    when link_long_end(substr(u, -8)) and link_ends_early(left(u, -8)) then substr(u, -8)
end;
create or replace temp macro link_tail(u) as
case
    when not contains(u, ';') then link_tail_of(u)
    when strlen(u) > link_longest() then null
    when not contains(replace(u, '&amp;', '&'), ';') then link_tail_of(replace(u, '&amp;', '&'))
end;
-- What the list store keeps of the last eight characters of a listed link's key, and of no other: 16
-- bits, as their bytes leave them when divided by a prime. Null for what is longer than eight bytes.
create or replace temp macro link_tail_bits(tail) as
(try_cast(encode(tail)::bit as ubigint) % 65521)::usmallint;
-- Whether a link is simple: no escape, fragment or entity, and a last eight characters that need no
-- escape. Of such a link these are its tail, so that no more need be asked; `short` are they.
create or replace temp macro link_is_simple(u, short) as
not (contains(u, '%') or contains(u, '#') or contains(u, ';')) and short = url_encode(short);
create or replace temp macro link_long_tail_of(u) as
case
    when contains(u, ';') or contains(u, '#') or contains(substr(u, -26), '%') then null
    when contains(u, '%') and regexp_matches(u, link_reaching_escape()) then null
    when link_long_end(substr(u, -24)) and link_ends_early(left(u, -24)) then substr(u, -24)
end;
create or replace temp macro link_long_tail(u) as
case
    when contains(u, '&amp;') and strlen(u) <= link_longest()
        then link_long_tail_of(replace(u, '&amp;', '&'))
    else link_long_tail_of(u)
end;

-- The longest word of a key's last 24 characters (tail), where these end it: letters, digits, `-` and `_`
-- behind its host, of four at least; null where there is none. Each of these signs stands in a link, and
-- in what is inside, as in its key, and nothing that link_key takes away stands between two of them, but
-- where the link may hide one:
--   an escape       of such a sign, of a dot, of `%`, `#` or `;`, of what is not printed, or none at all
--   an entity       needs a `;`: any but that of `&amp;`
--   a character     that is not printed ASCII
-- Of escapes that stay (`%5C`, which may be written `%5c` or `\`) the sign alone is looked at; the two
-- first of 24 are left out: an escape may be cut there.
create or replace temp macro link_hiding() as
'[^!-~]|(?:[^p]|[^m]p|[^a]mp|[^&]amp|^(?:a?m?p)?);'
|| '|%(?:2[^0-246-9a-cA-CfF]|3[^ac-fAC-F]|4[^0]|5[^b-eB-E]|6[^0]|7[^b-eB-E]|[^2-7]|$)';
create or replace temp macro link_may_hide(u) as regexp_matches(u, link_hiding());
create or replace temp macro link_word(tail) as
list_max(list_transform(
    regexp_extract_all(
        regexp_replace(
            substr(
                regexp_replace(tail, '%[0-9A-F]{2}', '%', 'g'),
                case when length(tail) >= 24 then 3 else 1 end
            ),
            '^[^/?]*[/?]',
            ''
        ),
        '[A-Za-z0-9_-]{4,}'
    ),
    lambda w: { 'n': length(w), 'word': w }
)).word;

-- Whether a text is one link alone, if any: no scheme but the one that it begins with.
create or replace temp macro link_is_one(u) as
(starts_with(u, 'https://') or starts_with(u, 'http://')) and u not like '%:/%:/%';

-- The same of the key of every link inside the link. They all end where it ends, but where one is
-- cut at `&` or `?`, or where another one begins, or an escape is undone; and behind their host,
-- which a slash follows.
create or replace temp macro inner_tail(u, tail) as
case
    when
        link_is_one(u)
        and not contains(u, '?') and not contains(u, '&') and not contains(u, '%')
        and not contains(tail, '/')
        then tail
end;
