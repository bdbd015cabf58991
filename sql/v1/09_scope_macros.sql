-- name:    scope_macros
-- purpose: What a link key stands for: which hosts and prefixes could name it, and if one thing only.
-- params:  none
-- nulls:   every macro gives null for a null key
-- order:   key_prefixes: the shortest first
--
-- `relaion.links.host_patterns`, `key_prefixes` and `key_can_spread` define what is meant
-- (decisions/0008-hosts-and-prefixes.md, 0004-listed-links.md); for every key these macros give the
-- same, which is tested. The key `a.example.com:8080/dir/b.jpg?c` could be named by
--   the hosts     `a.example.com`, `*.a.example.com`, `*.example.com`
--   the prefixes  `a.example.com:8080`, `a.example.com:8080/dir`, `a.example.com:8080/dir/b.jpg`

-- A label of a host that a browser can reach.
create or replace temp macro key_label() as '[a-z0-9!"$''()+,;=_`{}~-]+';

-- Host and port, `ftp:` before them where the key has that.
create or replace temp macro key_place(k) as split_part(split_part(k, '?', 1), '/', 1);

create or replace temp macro place_host(p) as
case when contains(p, ':') then regexp_replace(p, '^ftp:|:[0-9]+$', '', 'g') else p end;

-- Whether an entry can name it: no text that is no web link, no host of one label, none with
-- characters that lead nowhere, and none longer than a name of the DNS can be.
create or replace temp macro place_has_scope(p) as
regexp_matches(
    p,
    '^(?:ftp:)?(?:\[[0-9a-f:.]+\]|' || key_label() || '(?:\.' || key_label() || ')+)(?::[0-9]+)?$'
)
and length(place_host(p)) <= 253;

-- Whether a key stands for one thing, so that rows which a list names pass it on to others. Texts
-- that are no link (``, `None`, `#`, `data:image/png;base64,...`) fill a column by the thousand, a
-- host alone (`example.com`) stands for all on it: such a key tells nothing of a picture. The same
-- keys as `lists add` takes for links.
-- In one pattern: its place has scope (place_has_scope), and a path or a query follows.
create or replace temp macro key_can_spread(k) as
regexp_matches(
    k,
    '^(?:ftp:)?(?:\[[0-9a-f:.]+\]|' || key_label() || '(?:\.' || key_label()
    || ')+)(?::[0-9]+)?[/?]'
)
and (strlen(k) <= 253 or length(place_host(key_place(k))) <= 253);

create or replace temp macro host_is_address(h) as
starts_with(h, '[') or regexp_matches(h, '\.(?:0x[0-9a-f]*|[0-9]+)$');

-- [a, b, c] gives `*.a.b.c` and `*.b.c`.
create or replace temp macro label_patterns(labels) as
list_transform(range(1, len(labels)), lambda i: '*.' || array_to_string(labels[i:], '.'));

-- The host itself, then the patterns. A list of one is a name for what is used more than once.
create or replace temp macro key_host_patterns(k) as
case
    when k is null then null
    when not place_has_scope(key_place(k)) then []::varchar[]
    else list_transform(
        [place_host(key_place(k))],
        lambda h: case
            when host_is_address(h) then [h]
            else list_prepend(h, label_patterns(string_split(h, '.')))
        end
    )[1]
end;

-- The place and the segments of the path, from none of them to all; 32 are enough.
create or replace temp macro key_prefixes(k) as
case
    when k is null then null
    when not place_has_scope(key_place(k)) then []::varchar[]
    else list_transform(
        [string_split(split_part(k, '?', 1), '/')[1:33]],
        lambda parts: list_transform(
            range(1, len(parts) + 1), lambda i: array_to_string(parts[1:i], '/')
        )
    )[1]
end;
