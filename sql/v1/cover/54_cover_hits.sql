-- name:    cover_hits
-- purpose: The rows that leave as cover, beside those that a list names.
-- params:  $image_rows  bigint  an image of more rows is a placeholder, and leads nowhere
-- reads:   site_rows (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   cover_links (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_images (shard_no integer, file_row_number bigint, list_id integer, kind varchar, digest varchar)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, source varchar, label varchar)
-- reads:   cover_lists (list_id integer, source varchar, label varchar)
-- writes:  cover_rows (shard_no integer, file_row_number bigint, list_id integer)
-- writes:  covered_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- writes:  covered_lists (list_id integer, source varchar, label varchar)
-- nulls:   none
-- order:   shard_no, file_row_number, list_id
--
-- In the shape of list_hits, with a list below 0 for each label that is covered: so the script of
-- any edition that removes a label's rows removes its cover, and no other does. A row that a list
-- of the label names is no cover for it. Kind `cover` tells these rows from listed ones.

create or replace temp table cover_rows as
with placeholders as (
    select
        i.kind,
        i.digest
    from same_images as i
    group by all
    having count(distinct row(i.shard_no, i.file_row_number)) > $image_rows
),

closed as (
    select
        s.shard_no,
        s.file_row_number,
        s.list_id
    from site_rows as s
    union
    select
        l.shard_no,
        l.file_row_number,
        l.list_id
    from cover_links as l
    union
    select
        i.shard_no,
        i.file_row_number,
        i.list_id
    from same_images as i
    anti join placeholders as p on i.kind = p.kind and i.digest = p.digest
),

listed as (
    select
        h.shard_no,
        h.file_row_number,
        h.list_id
    from list_hits as h
    union
    select
        s.shard_no,
        s.file_row_number,
        s.list_id
    from same_link as s
),

by_label as (
    select
        l.shard_no,
        l.file_row_number,
        c.list_id
    from listed as l
    inner join lists as n on l.list_id = n.list_id
    inner join cover_lists as c on n.label = c.label
)

select
    c.shard_no,
    c.file_row_number,
    c.list_id
from closed as c
anti join by_label as l
    on
        c.shard_no = l.shard_no
        and c.file_row_number = l.file_row_number
        and c.list_id = l.list_id
order by c.shard_no, c.file_row_number, c.list_id;

create or replace temp table covered_hits as
with final as (
    select
        h.shard_no,
        h.file_row_number,
        h.list_id,
        h.kind,
        h.level,
        h.spelling
    from list_hits as h
    union all
    select
        c.shard_no,
        c.file_row_number,
        c.list_id,
        'cover' as kind,
        'own' as level,
        null::varchar as spelling
    from cover_rows as c
)

select f.*
from final as f
order by f.shard_no, f.file_row_number, f.list_id, f.kind, f.level, f.spelling;

create or replace temp table covered_lists as
select
    l.list_id,
    l.source,
    l.label
from lists as l
union all
select
    c.list_id,
    c.source,
    c.label
from cover_lists as c
order by list_id;
