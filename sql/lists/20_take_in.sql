-- name:    take_in
-- purpose: A delivery's entries of one kind, each once, into the store; counted.
-- params:  $list_id  integer  the list that the delivery becomes
-- params:  $kind     varchar  the kind to take in
-- params:  $first    varchar  smallest digest of this part; millions are taken in by parts
-- params:  $after    varchar  smallest digest that is beyond this part
-- reads:   incoming      (kind varchar, digest varchar, host_digest varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, host_digest varchar)
-- writes:  taken         (n bigint, n_new bigint, n_known bigint, n_duplicate bigint)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, host_digest varchar)
-- nulls:   a digest is never null
-- order:   none
--
-- An entry that an earlier list holds is stored for this list too: what a list finds by itself
-- must not depend on the order in which lists came.

create or replace temp table fresh as
select
    i.digest,
    any_value(i.host_digest) as host_digest,
    count(*) as n
from incoming as i
where i.kind = $kind and i.digest >= $first and i.digest < $after
group by i.digest;

create or replace temp table taken as
with earlier as (
    select e.digest
    from store.entries as e
    where e.kind = $kind and e.digest >= $first and e.digest < $after
),

known as (
    select count(*) as n
    from fresh as f
    semi join earlier as e on f.digest = e.digest
),

delivered as (
    select
        coalesce(sum(f.n), 0)::bigint as n,
        count(*) as n_distinct
    from fresh as f
),

final as (
    select
        d.n,
        d.n_distinct - k.n as n_new,
        k.n as n_known,
        d.n - d.n_distinct as n_duplicate
    from delivered as d
    cross join known as k
)

select
    f.n,
    f.n_new,
    f.n_known,
    f.n_duplicate
from final as f;

insert into store.entries
select
    $list_id,
    $kind,
    f.digest,
    f.host_digest
from fresh as f;
