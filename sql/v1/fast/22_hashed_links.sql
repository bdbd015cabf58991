-- name:    hashed_links
-- purpose: The links that a list of hashed links may name; Python spells those that SQL cannot.
-- params:  $has_hashed  boolean  whether hashed links are listed; without one nothing is spelled
-- params:  $kinds  varchar[]  the kinds that the lists hold
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   listed_entries (kind varchar, hash ubigint)
-- writes:  hashed_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  ordinary_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  odd_spellings (url varchar)
-- nulls:   a null link is not spelled
-- order:   none
--
-- A hashed link cannot be put in another form, so every row's link is hashed in each spelling
-- that a giver may have used (decisions/0006). Nine links in ten are plain: they have four
-- spellings, and as many where `www.` comes or goes (plain_shorts). Their digests meet the list
-- here, and those that it may hold go on with all other links, to be spelled by name. Too many go
-- on where two digests have one hash; too few never.
-- For each odd link, `relaion.links.spellings` writes rows of
-- spelled (url varchar, spelling varchar, text blob).

create or replace temp table hashed_links as
with listed as (
    select e.hash as short
    from listed_entries as e
    where e.kind in ('url_md5', 'url_sha1', 'url_sha256')
),

told as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        spelling_is_plain(s.url) as is_plain,
        case when starts_with(s.url, 'https') then 'https://' else 'http://' end as own,
        case when starts_with(s.url, 'https') then 'http://' else 'https://' end as other
    from row_links as s
    where $has_hashed and s.url is not null
),

bodies as (
    select
        t.*,
        case when t.is_plain then substr(t.url, 1 + strlen(t.own)) end as body,
        case when t.is_plain then spelling_www(t.url) end as www
    from told as t
),

shorts as (
    select
        b.shard_no,
        b.file_row_number,
        b.url,
        unnest(
            case
                when not b.is_plain then [null]
                when b.www = 0 then plain_shorts($kinds, b.own, b.other, b.body)
                else list_concat(
                    plain_shorts($kinds, b.own, b.other, b.body),
                    plain_shorts($kinds, b.own, b.other, spelling_toggled(b.body, b.www))
                )
            end
        ) as short
    from bodies as b
)

select distinct
    s.shard_no,
    s.file_row_number,
    s.url,
    'own' as level
from shorts as s
where s.short is null or s.short in (select l.short from listed as l)
union all
select
    n.shard_no,
    n.file_row_number,
    n.url,
    n.level
from near_links as n
where $has_hashed and n.level = 'inner';

create or replace temp table odd_spellings as
select distinct h.url
from hashed_links as h
where spelling_is_odd(h.url);

create or replace temp view ordinary_links as
select h.*
from hashed_links as h
anti join odd_spellings as o on h.url = o.url;
