-- name:    hashed_links
-- purpose: The links that a list of hashed links may name; Python spells those that SQL cannot.
-- params:  $has_hashed  boolean  whether hashed links are listed; without one nothing is spelled
-- params:  $kinds  varchar[]  the kinds that the lists hold
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   listed_entries (kind varchar, hash ubigint)
-- writes:  told_links (shard_no integer, file_row_number bigint, url varchar, level varchar, is_plain boolean, www integer, link varchar)
-- writes:  listed_shorts (short ubigint)
-- writes:  maybe_links (shard_no integer, file_row_number bigint, url varchar, level varchar, is_plain boolean)
-- writes:  other_links (shard_no integer, file_row_number bigint, row_url varchar, level varchar, tidy varchar, url varchar)
-- writes:  based_links (shard_no integer, file_row_number bigint, url varchar, level varchar, is_odd boolean, is_tidied boolean, www integer, bases varchar[])
-- writes:  bases (shard_no integer, file_row_number bigint, url varchar, level varchar, is_odd boolean, www integer, link varchar)
-- writes:  hashed_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  ordinary_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  odd_spellings (url varchar)
-- nulls:   a null link is not spelled
-- order:   none
--
-- A hashed link cannot be put in another form, so every row's link is hashed in each spelling
-- that a giver may have used (decisions/0006). Nine links in ten are plain: they have four
-- spellings, and as many where `www.` comes or goes (link_shorts); most others have these of each
-- base. Their digests meet the list here, and those that it may hold go on, to be spelled by name,
-- with those that are odd. Too many go on where two digests have one hash; too few never.
-- A link with capitals in its host, a port that goes without saying or blanks has the bases of two:
-- its own, and those of the tidied one, which judges whether it is odd. If it goes on, Python names
-- its spellings.
-- For each odd link, `relaion.links.spellings` writes rows of
-- spelled (url varchar, spelling varchar, text blob).

create or replace temp view told_links as
with links as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        'own' as level
    from row_links as s
    where s.url is not null
    union all
    select
        n.shard_no,
        n.file_row_number,
        n.url,
        n.level
    from near_links as n
    where n.level = 'inner'
),

told as (
    select
        l.*,
        spelling_is_plain(l.url) as is_plain
    from links as l
    where $has_hashed
),

final as (
    select
        t.*,
        null::integer as www,
        case when t.is_plain then t.url end as link
    from told as t
)

select * from final;

create or replace temp view listed_shorts as
select e.hash as short
from listed_entries as e
where e.kind in ('url_md5', 'url_sha1', 'url_sha256');

create or replace temp table maybe_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    s.level,
    s.is_plain
from link_shorts('told_links', $kinds) as s
where not s.is_plain or s.short in (select l.short from listed_shorts as l);

create or replace temp view other_links as
with tidied as (
    select
        m.*,
        spelling_tidied(m.url) as tidy
    from maybe_links as m
    where not m.is_plain
)

select
    t.shard_no,
    t.file_row_number,
    t.url as row_url,
    t.level,
    t.tidy,
    unnest(case when t.tidy = t.url then [t.url] else [t.tidy, t.url] end) as url
from tidied as t;

-- Of an odd link no base is known: one null stands for it.
create or replace temp table based_links as
with judged as (
    select
        b.*,
        b.is_odd and b.url = b.tidy as is_unknown
    from link_bases('other_links') as b
)

select
    j.shard_no,
    j.file_row_number,
    j.row_url as url,
    j.level,
    j.is_unknown as is_odd,
    j.tidy <> j.row_url as is_tidied,
    spelling_www(spelling_body(j.tidy)) as www,
    case
        when j.is_unknown then [null]
        else spelling_bases(j.url, j.undone, j.decoded, j.low, j.high, j.settled)
    end as bases
from judged as j;

create or replace temp view bases as
select
    b.shard_no,
    b.file_row_number,
    b.url,
    b.level,
    b.is_odd,
    b.www,
    unnest(b.bases) as link
from based_links as b;

create or replace temp table hashed_links as
with others as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        s.level
    from link_shorts('bases', $kinds) as s
    where s.is_odd or s.short in (select l.short from listed_shorts as l)
)

select
    m.shard_no,
    m.file_row_number,
    m.url,
    m.level
from maybe_links as m
where m.is_plain
union
select
    o.shard_no,
    o.file_row_number,
    o.url,
    o.level
from others as o;

create or replace temp table odd_spellings as
select b.url
from based_links as b
where b.is_odd
union
select h.url
from hashed_links as h
semi join based_links as b on h.url = b.url and b.is_tidied;

create or replace temp view ordinary_links as
select h.*
from hashed_links as h
anti join odd_spellings as o on h.url = o.url;
