-- name:    site_macros
-- purpose: The places that a link stands in: its host, the directory there, the link itself.
-- params:  none
-- nulls:   every macro gives null for a null link
-- order:   none
--
-- A site is what is removed whole, where a listed row stands in it: a small host, a directory of a
-- large one, a link of a large directory. A place is told by 128 bits of a digest: no host is
-- written into the work folder. `key` is null for a link whose host SQL can tell (05_link_macros);
-- of any other link it is the link's key, as `relaion.link_key` made it.
--
-- Which of two spellings of a link stands in which directory matters little: rows with the link key
-- of a removed row leave too.

create or replace temp macro site_text(u, key) as coalesce('http://' || key, u);
-- plain is link_host of a link: asked for once, for it takes longer than all the rest.
create or replace temp macro site_is_odd(plain) as
plain = '' or strlen(plain) > link_longest() - 8;
create or replace temp macro site_host(plain, key) as
link_host_digest(
    case when key is null then plain else regexp_extract(key, '^[^/?#]*', 0) end
);
create or replace temp macro site_directory(host, t) as
md5(host || regexp_extract(t, '^https?://[^/?#]*(/(?:[^?#]*/)?)', 1));
create or replace temp macro site_link(t) as md5(link_unprefixed(t));

-- Borders of the mean score of a site's rows, and bins of its size: exact to 8, then by a quarter.
create or replace temp macro site_unsafe_bin(mean) as
len(list_filter(
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7],
    lambda x: x <= mean
));
create or replace temp macro site_size_bin(n) as
case when n <= 8 then n else 100 + floor(ln(n) / ln(1.25))::bigint end;
create or replace temp macro caption_has_keyword(t, pattern) as
len(list_filter(readings(t), lambda r: regexp_matches(fold_text(r), pattern))) > 0;
create or replace temp macro site_keyword_bin(part) as
case when part = 0 then 0 when part < 0.08 then 1 else 2 end;
