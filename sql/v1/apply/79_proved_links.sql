-- name:    proved_links
-- purpose: Of the links that could be looked for, those that are, where SQL can prove it.
-- params:  none
-- reads:   long_tailed_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- reads:   sought_keys (short ubigint)
-- reads:   wanted_links (link_id uuid)
-- writes:  proved_links (link_id uuid)
-- writes:  proved_keys (shard_no integer, file_row_number bigint, url varchar, url_key varchar)
-- writes:  possible_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   a link whose key SQL cannot prove has no link_id here: it stays possible
-- order:   none
--
-- Nearly all links are canonical, or are when they are tidied (`05_link_macros`): their key is known, and
-- compared at once: by 64 bits before it is digested. What is looked for leads to one thing
-- (`73_link_ids`), and so does what has its key; a fragment can be in none of these links. The few others
-- go on as before.

create or replace temp table sought_links as
with proved as (
    select
        k.shard_no,
        k.file_row_number,
        k.url,
        k.is_holder,
        left(sha256(k.url_key), 32)::uuid as link_id
    from link_proved('long_tailed_links') as k
    where
        k.is_own
        and (k.url_key is null or hash(k.url_key) in (select s.short from sought_keys as s))
)

select
    p.shard_no,
    p.file_row_number,
    case when p.link_id is null then p.url end as url,
    p.is_holder,
    p.link_id
from proved as p
where p.link_id is null or p.link_id in (select w.link_id from wanted_links as w);

create or replace temp table proved_links as
select distinct s.link_id
from sought_links as s
where s.link_id is not null;

-- those that `73_link_ids` is to digest: none, for what is proved is digested here
create or replace temp table proved_keys (
    shard_no integer, file_row_number bigint, url varchar, url_key varchar
);

create or replace temp view possible_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    true as is_own,
    s.is_holder
from sought_links as s
where s.link_id is null;
