-- name:    spelling_macros
-- purpose: The spellings of an ordinary link that the giver of a hashed list may have hashed.
-- params:  none
-- nulls:   link_bases and link_spellings leave a null link out
-- order:   none
--
-- A hashed entry cannot be brought into a canonical form, so each row is hashed in several:
-- `http://www.example.com/A.jpg` also as `https://www.example.com/A.jpg`,
-- `www.example.com/A.jpg`, `www.example.com/a.jpg`, and all of these without `www.`; with
-- entities and escapes undone, escapes in lower-case and in upper-case hex, and as its link key.
-- `relaion.links.spellings` defines them (decisions/0006-spellings-of-hashed-links.md).
--
-- One link in a hundred is odd and goes to Python. The others keep a promise, which is tested:
--   where link_bases calls u not odd, link_spellings gives for u what spellings(u) gives
-- link_spellings is a macro that makes a table: `from link_spellings('links')` has the columns
-- of the relation `links`, one of which is url, and spelling (the name of one) and text. For odd links it means
-- nothing: leave them out of `links`. Nine links in ten are plain: all their spellings are made of
-- the link as it stands. link_shorts makes of any link, as one of its bases has it, what a list holds.

-- No other entity passes as ordinary.
create or replace temp macro spelling_undone(u) as replace(u, '&amp;', '&');

-- All escapes in lower-case or upper-case hex. A `%` that begins no escape makes a link odd.
-- The scheme, which stands before the first `%`, is in lower case in any link that is not.
-- Most escapes stand in one of the two already, and to look is cheaper than to write.
create or replace temp macro spelling_low_hex(u) as
case
    when regexp_matches(u, '%[^%]?[^%a-z0-9]')
        then array_to_string(
            list_transform(
                string_split(u, '%'), lambda part: lower(left(part, 2)) || substr(part, 3)
            ),
            '%'
        )
    else u
end;
create or replace temp macro spelling_high_hex(u) as
case
    when regexp_matches(u, '%[^%]?[^%A-Z0-9]')
        then 'ht' || substr(
            array_to_string(
                list_transform(
                    string_split(u, '%'), lambda part: upper(left(part, 2)) || substr(part, 3)
                ),
                '%'
            ),
            3
        )
    else u
end;

-- Escapes of signs that a key writes as themselves. Letters, digits, `-._~`, `%`, `;`, `#` and `\`
-- are not among them: their escapes make a link odd. An argument must be cheap where a
-- macro uses it twice; these use theirs once.
create or replace temp macro spelling_commas(u) as
replace(replace(replace(replace(u, '%2C', ','), '%2F', '/'), '%3A', ':'), '%2B', '+');
create or replace temp macro spelling_joints(u) as
replace(replace(replace(replace(u, '%3D', '='), '%26', '&'), '%40', '@'), '%21', '!');
create or replace temp macro spelling_marks(u) as
replace(replace(replace(replace(u, '%22', '"'), '%24', '$'), '%27', ''''), '%2A', '*');
create or replace temp macro spelling_angles(u) as
replace(replace(replace(replace(u, '%3C', '<'), '%3E', '>'), '%28', '('), '%29', ')');
create or replace temp macro spelling_brackets(u) as
replace(replace(replace(replace(u, '%5B', '['), '%5D', ']'), '%7B', '{'), '%7D', '}');
create or replace temp macro spelling_bars(u) as
replace(replace(replace(u, '%5E', '^'), '%7C', '|'), '%3F', '?');
create or replace temp macro spelling_signs(u) as
case
    when regexp_matches(u, '%(?:2[1246-9ABCF]|3[ACDEF]|40|5[BDE]|7[BCD])')
        then spelling_bars(spelling_brackets(spelling_angles(spelling_marks(
            spelling_joints(spelling_commas(u))
        ))))
    else u
end;

-- Whether a link has escapes of such signs alone: then all of them undone is what is sought.
create or replace temp macro spelling_has_signs_alone(u) as
not regexp_matches(u, '%(?:2[035DE]|3[^ACDEF]|4[^0]|5[^BDE]|7[^BCD]|[^23457])');

-- A link without entities and such escapes, all others in upper-case hex, as its key has it but for
-- scheme and `www.`; whether that is true, spelling_is_settled judges by the result.
create or replace temp macro spelling_settled(s) as
case
    when
        not (s like '%//%//%' or ends_with(s, '/') or ends_with(s, '&'))
        and (not contains(s, '?') or not (contains(s, '/?') or contains(s, '%20')))
        then s
    when contains(s, '?')
        then
            left(s, 8)
            || rtrim(replace(substr(split_part(s, '?', 1), 9), '//', '/'), '/')
            || '?' || rtrim(replace(substr(s, strpos(s, '?') + 1), '%20', '+'), '&')
    else left(s, 8) || rtrim(replace(substr(s, 9), '//', '/'), '/')
end;

-- Whether a link is its own key but for scheme and `www.`; without `&`, a `;` ends no entity.
create or replace temp macro spelling_is_settled(s) as
regexp_matches(
    case when contains(s, '&') then s else replace(s, ';', ',') end,
    '^https?://(?:' || link_label() || '\.)+' || link_last_label()
    || '(?:/\.*(?:[A-Za-z0-9_~!"$''()*+,:<=>@[\]^{|}&-]|' || link_path_escape() || ')'
    || '(?:[A-Za-z0-9_~!"$''()*+,.:<=>@[\]^{|}&-]|' || link_path_escape() || ')*)*'
    || '(?:\?(?:[A-Za-z0-9_~!"$''()*+,./:<=>?@[\]^{|}&-]|' || link_query_escape() || ')*'
    || '(?:[A-Za-z0-9_~!"$''()*+,./:<=>?@[\]^{|}-]|' || link_query_escape() || '))?$'
);

-- Whether browsers write a link otherwise than it stands: a sign that they escape, no path, an
-- escape in scheme or host, or more than one `www.`; whether a parser of links would (`;` at the end
-- of a path); and whether a key does so that a query begins elsewhere.
create or replace temp macro spelling_is_rewritten(u) as
not regexp_matches(u, '^https?://[^/%&?#]*/')
or regexp_matches(
    u, '["<>^`{}]|\?.*''|^[^?]*;(?:\?|$)|^[^?]*%(?:25)*3[Ff]|^https?://www\.www\.'
);

-- Whether lower case may differ between here and Python: beyond ASCII, letters that have a
-- lower case, and scripts to which Unicode added letters lately. Null, which undone escapes that
-- are no UTF-8 give, is odd.
create or replace temp macro spelling_has_odd_letters(u) as
case
    when u is null then true
    when strlen(u) <> length(u)
        then list_transform(
            [regexp_replace(u, '[\x00-\x7f]+', '', 'g')],
            lambda x: lower(x) <> x
            or regexp_matches(
                x,
                '[\x{1C80}-\x{1CBF}\x{2C00}-\x{2C5F}\x{A640}-\x{A7FF}\x{10000}-\x{10FFFF}]'
            )
        )[1]
    else false
end;

-- The common case: a link that is its own key, holds no escape, and stays as it stands.
create or replace temp macro spelling_is_plain(u) as
regexp_matches(
    u,
    '^https?://(?:' || link_label() || '\.)+' || link_last_label()
    || '(?:/\.*[A-Za-z0-9_~!$()*+,:=@&-][A-Za-z0-9_~!$()*+,.:=@&-]*)+'
    || '(?:\?[A-Za-z0-9_~!$()*+,./:=?@&-]*[A-Za-z0-9_~!$()*+,./:=?@-])?$'
)
and not contains(u, '://www.www.');

-- What the spellings of each link of a relation that has a column url are made of, and all its
-- columns with it: undone, decoded, low, high, settled, each null where it is not made; and is_odd.
-- Stages, each of which names what the next uses more than once. (Not lambdas: they would compile
-- every pattern in them anew for each chunk of rows.)
create or replace temp macro link_bases(links) as table
    with undone as (
        select
            *,
            case when strlen(url) <= link_longest() then spelling_undone(url) end as undone
        from query_table(links)
        where url is not null
    ),

    escaped as (
        select
            *,
            case when contains(undone, '%') then try(url_decode(undone)) end as decoded,
            case when contains(undone, '%') then spelling_low_hex(undone) end as low,
            case when contains(undone, '%') then spelling_high_hex(undone) else undone end as high
        from undone
    ),

    signed as (
        select
            *,
            case
                when not contains(high, '%') then high
                when spelling_has_signs_alone(high) then decoded
                else spelling_signs(link_shallow(high))
            end as signs
        from escaped
    ),

    settled as (
        select
            * exclude (signs),
            spelling_settled(signs) as settled
        from signed
    )

    select
        *,
        case
            when undone is null then true
            else
                spelling_is_rewritten(url)
                or not spelling_is_settled(settled)
                or (contains(undone, '%') and spelling_has_odd_letters(decoded))
        end as is_odd
    from settled;

-- These texts, each about once: a few are there twice, which costs time alone.
create or replace temp macro spelling_bases(url, undone, decoded, low, high, settled) as
list_filter(
    [
        url,
        nullif(undone, url),
        nullif(decoded, undone),
        nullif(low, undone),
        case when high not in (undone, low) then high end,
        case
            when settled not in (url, undone, high) and settled is distinct from decoded
                then settled
        end
    ],
    lambda base: base is not null
);

-- What follows the scheme. `www.` goes (-1) where another dot follows in the host, comes (1) before
-- two labels: of a body that begins with a plain host and a slash.
create or replace temp macro spelling_body(u) as
substr(u, case when starts_with(u, 'https') then 9 else 8 end);
create or replace temp macro spelling_www(body) as
case
    when left(body, strpos(body, '/')) like 'www.%.%' then -1
    when left(body, strpos(body, '/')) like '%.%.%' then 0
    else 1
end;

create or replace temp macro spelling_toggled(body, www) as
case when www = -1 then substr(body, 5) else 'www.' || body end;

-- Of a link as one of its bases has it, all spellings are its own text: with its scheme, with the
-- other of two, without, and in lower case. Of each the hash of its digest, by which one row in many
-- thousands is told; where two spellings are one, the second is 0.
create or replace temp macro spelled_md5s(own, other, body, low) as
[
    hash(md5(own)), hash(md5(other)), hash(md5(body)),
    case when low <> body then hash(md5(low)) else 0::ubigint end
];
create or replace temp macro spelled_sha1s(own, other, body, low) as
[
    hash(sha1(own)), hash(sha1(other)), hash(sha1(body)),
    case when low <> body then hash(sha1(low)) else 0::ubigint end
];
create or replace temp macro spelled_sha256s(own, other, body, low) as
[
    hash(sha256(own)), hash(sha256(other)), hash(sha256(body)),
    case when low <> body then hash(sha256(low)) else 0::ubigint end
];
create or replace temp macro spelled_shorts(kinds, own, other, body, low) as
list_concat(
    case when list_contains(kinds, 'url_md5') then spelled_md5s(own, other, body, low) end,
    case when list_contains(kinds, 'url_sha1') then spelled_sha1s(own, other, body, low) end,
    case when list_contains(kinds, 'url_sha256') then spelled_sha256s(own, other, body, low) end
);

-- Of each row of a relation that has one of the bases of its link as column link, the hashes of the
-- digests that a list may hold of it: as it stands, and where `www.` comes or goes, as column www has it
-- or, where that is null, the base itself (its path may be gone). One row with null where link is null.
create or replace temp macro link_shorts(links, kinds) as table
    with told as (
        select
            *,
            starts_with(link, 'https') as is_https
        from query_table(links)
    ),

    bodied as (
        select
            * exclude (is_https),
            case when is_https then 'https://' else 'http://' end as own,
            case when is_https then 'http://' else 'https://' end as other,
            substr(link, case when is_https then 9 else 8 end) as body
        from told
    ),

    placed as (
        select
            * exclude (www),
            coalesce(www, spelling_www(body)) as www
        from bodied
    ),

    toggled as (
        select
            * exclude (www),
            case when www <> 0 then spelling_toggled(body, www) end as toggled
        from placed
    ),

    lowered as (
        select
            *,
            lower(body) as low,
            lower(toggled) as toggled_low
        from toggled
    ),

    listed as (
        select
            * exclude (link, own, other, body, toggled, low, toggled_low),
            case
                when link is not null then spelled_shorts(kinds, link, other || body, body, low)
                else [null::ubigint]
            end as shorts,
            case
                when toggled is not null
                    then spelled_shorts(
                        kinds, own || toggled, other || toggled, toggled, toggled_low
                    )
            end as toggled_shorts
        from lowered
    )

    select
        * exclude (shorts, toggled_shorts),
        unnest(
            case
                when toggled_shorts is null then shorts else list_concat(shorts, toggled_shorts)
            end
        ) as short
    from listed;

-- A link with a host as keys have it: in lower case, without the port that its scheme has anyway; and
-- with blanks escaped, unless one ends it. All bases of a link are among those that this one has, where
-- it is not odd, and those that it has itself.
create or replace temp macro spelling_hosted(u) as
case
    when regexp_matches(u, '^https?://[a-z0-9._-]*[A-Z:]')
        then regexp_replace(
            link_lowered(u),
            '^(?:(http://[a-z0-9._-]+):80|(https://[a-z0-9._-]+):443)/',
            '\1\2/'
        )
    else u
end;
create or replace temp macro spelling_tidied(u) as
case
    when contains(u, ' ') and not ends_with(u, ' ') then replace(spelling_hosted(u), ' ', '%20')
    else spelling_hosted(u)
end;

-- All spellings of the links of a relation that has a column url. Bodies (what follows `://`) of
-- one link never differ in the case of letters but for hex: so lower case is made of three only,
-- and escapes in lower-case hex are not repeated where that has made them already.
create or replace temp macro link_spellings(links) as table
    with settled as (
        select
            * exclude (is_odd),
            spelling_www(spelling_body(url)) as www,
            starts_with(url, 'https') as is_https
        from link_bases(links)
    ),

    based as (
        select
            s.* exclude (undone, decoded, low, high, settled),
            b.base,
            case b.base
                when 'raw' then s.url
                when 'entities' then s.undone
                when 'decoded' then s.decoded
                when 'lowhex' then s.low
                when 'strict' then s.high
                else s.settled
            end as link
        from settled as s
        cross join
            (values ('raw'), ('entities'), ('decoded'), ('lowhex'), ('strict'), ('key')) as b (base)
        where
            b.base = 'raw'
            or (
                case b.base
                    when 'entities' then s.undone <> s.url
                    when 'decoded' then s.decoded <> s.undone
                    when 'lowhex' then s.low <> s.undone
                    when 'strict' then s.high <> s.undone and s.high <> s.low
                    else
                        s.settled not in (s.url, s.undone)
                        and coalesce(s.settled not in (s.decoded, s.low, s.high), true)
                end
            )
    ),

    bodied as (
        select
            *,
            spelling_body(link) as body
        from based
    ),

    toggled as (
        select
            b.* exclude (www, body),
            t.toggle,
            case
                when t.toggle = '' then b.body
                else spelling_toggled(b.body, b.www)
            end as body
        from bodied as b
        cross join (values (''), ('-www')) as t (toggle)
        where t.toggle = '' or b.www <> 0
    ),

    cased as (
        select
            *,
            case
                when base in ('raw', 'entities', 'decoded', 'key') then lower(body) <> body
                else false
            end as has_lower,
            base = 'lowhex' and lower(body) = body as is_lower
        from toggled
    )

    select
        c.* exclude (is_https, base, link, toggle, body, has_lower, is_lower),
        c.base || c.toggle || e.ending as spelling,
        case e.ending
            when ''
                then
                    case
                        when c.toggle = '' then c.link
                        when c.is_https then 'https://' || c.body
                        else 'http://' || c.body
                    end
            when '-swapped'
                then
                    case when c.is_https then 'http://' || c.body else 'https://' || c.body end
            when '-bare' then c.body
            else lower(c.body)
        end as text
    from cased as c
    cross join (values (''), ('-swapped'), ('-bare'), ('-lower')) as e (ending)
    where
        e.ending in ('', '-swapped')
        or (e.ending = '-bare' and not c.is_lower)
        or (e.ending = '-lower' and c.has_lower);
