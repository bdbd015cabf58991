-- name:    odd_links
-- purpose: The near links whose key SQL cannot prove; Python fills odd_keys with them.
-- params:  $has_links  boolean  whether plain links, hosts or prefixes are listed; else none is keyed
-- reads:   near_links (url varchar)
-- writes:  tidied_links (url varchar, tidy varchar)
-- writes:  odd_links (url varchar)
-- nulls:   tidy is null where SQL cannot prove the key; such links are odd
-- order:   none
--
-- Of the links that are not canonical, nearly nine in ten are as soon as they are tidied
-- (`link_tidied`): tidy is then the text whose key they have. For each link that is still odd,
-- `relaion.link_key` writes one row of odd_keys (url varchar, url_key varchar, host_digest varchar).

create or replace temp table tidied_links as
with plainless as (
    select distinct n.url
    from near_links as n
    where $has_links and not link_is_canonical(n.url)
),

undone as (
    select
        p.url,
        case when not link_is_odd_host(p.url) then link_undone(p.url) end as undone
    from plainless as p
),

tidied as (
    select
        u.url,
        link_tidied(u.undone) as tidy
    from undone as u
)

select
    t.url,
    case when link_is_canonical(t.tidy) then t.tidy end as tidy
from tidied as t;

create or replace temp table odd_links as
select t.url
from tidied_links as t
where t.tidy is null;
