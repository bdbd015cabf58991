-- name:    stand_out
-- purpose: Where listed sites are more among what an outsider cannot explain than cover allows.
-- params:  $cover  bigint  neutral sites for each listed one, as the run was told; 0 for none
-- reads:   residual (subset varchar, band varchar, host varchar, directory varchar, link varchar, n_rows bigint, n_listed bigint)
-- reads:   stays (host varchar, directory varchar)
-- writes:  strata (grouping varchar, name varchar, n_sites bigint, n_rows bigint, stands_out boolean)
-- nulls:   name is null for all, and for a host, which is never named; a row without a link is a site
-- order:   grouping, name, n_sites, n_rows
--
-- A site is what left as one: a host of which nothing stays; of a host of which something stays a
-- directory; of such a directory a link. With K neutral sites for each listed one, a site that left is
-- a listed one once in K + 1 times; one and a half times this share, 1.5 / (K + 1), is the most that
-- may be.
--
-- The whole stands out where the share is more than that, however few sites there are: cover is
-- chosen, so nothing of it is left to chance, and n listed sites of n stand out for every n and K. It
-- stands out, too, where fewer sites left than one listed site and its cover are.
--
-- A stratum (a subset, a score band, both, or a host that stays in part) may hold a listed site and
-- none of its cover by chance. It stands out where its share is more than may be, and chance would
-- not do that: were N sites of which L are listed dealt out blindly, so many listed ones or more
-- would be among its n once in a hundred times at most, over all strata of its grouping together
-- (the tail of the hypergeometric distribution; 0.01 / number of strata). Without cover everything
-- stands out in which there is a listed row. How many are listed is told of no stratum.

-- How likely it is that k or more of n that are taken are among the l listed of all. Above the mean
-- the terms fall from the first one on, so that a thousand of them are all that counts.
create or replace temp macro ln_choose(n, k) as
lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);

create or replace temp macro tail(n_all, l, n, k) as
list_sum(list_transform(
    range(greatest(k, n + l - n_all), least(n, l, k + 1000) + 1),
    lambda i: exp(ln_choose(l, i) + ln_choose(n_all - l, n - i) - ln_choose(n_all, n))
));

create or replace temp table strata as
with parts as (
    select
        r.*,
        coalesce(r.host in (select s.host from stays as s), false) as is_part,
        coalesce(r.directory in (select s.directory from stays as s), false) as is_in_part
    from residual as r
),

placed as (
    select
        p.*,
        case
            when not p.is_part then p.host
            when not p.is_in_part then p.directory
            else p.link
        end as site
    from parts as p
),

seen as (
    select
        'all' as grouping,
        null::varchar as name,
        null::varchar as of_host,
        p.*
    from placed as p
    union all
    select
        'subset' as grouping,
        p.subset as name,
        null as of_host,
        p.*
    from placed as p
    union all
    select
        'score' as grouping,
        p.band as name,
        null as of_host,
        p.*
    from placed as p
    union all
    select
        'subset and score' as grouping,
        p.subset || ', ' || p.band as name,
        null as of_host,
        p.*
    from placed as p
    union all
    select
        'host' as grouping,
        null as name,
        p.host as of_host,
        p.*
    from placed as p
    where p.is_part
),

-- what has no site is rows without a link: each is a site of its own
sites as (
    select
        s.grouping,
        s.name,
        s.of_host,
        sum(s.n_rows) as n_rows,
        case when s.site is null then sum(s.n_rows) else 1 end as n_sites,
        case when s.site is null then sum(s.n_listed) else least(sum(s.n_listed), 1) end as n_listed
    from seen as s
    group by s.grouping, s.name, s.of_host, s.site
),

judged as (
    select
        s.grouping,
        s.name,
        sum(s.n_sites)::bigint as n_sites,
        sum(s.n_rows)::bigint as n_rows,
        sum(s.n_listed)::bigint as n_listed
    from sites as s
    group by s.grouping, s.name, s.of_host
    having s.grouping <> 'host' or sum(s.n_sites) > 1
),

whole as (
    select
        j.n_sites,
        j.n_listed
    from judged as j
    where j.grouping = 'all'
),

rated as (
    select
        j.*,
        w.n_sites as n_all,
        w.n_listed as n_listed_all,
        1.5 / ($cover + 1) as most,
        0.01 / count(*) over (partition by j.grouping) as level
    from judged as j
    cross join whole as w
)

select
    r.grouping,
    r.name,
    r.n_sites,
    r.n_rows,
    case
        when r.n_listed = 0 then false
        when $cover = 0 then true
        when r.grouping = 'all' then r.n_listed > r.n_sites * r.most or r.n_sites <= $cover
        when r.n_listed <= r.n_sites * greatest(r.most, r.n_listed_all / r.n_all) then false
        else tail(r.n_all, r.n_listed_all, r.n_sites, r.n_listed) <= r.level
    end as stands_out
from rated as r
order by r.grouping, r.name, r.n_sites, r.n_rows;
