-- name:    stand_out
-- purpose: Where listed sites are more among what an outsider cannot explain than cover allows.
-- params:  $cover  bigint  neutral sites for each listed one, as the run was told; 0 for none
-- reads:   residual (subset varchar, band varchar, host varchar, directory varchar, n_rows bigint, is_listed boolean)
-- writes:  strata (grouping varchar, name varchar, n_sites bigint, n_rows bigint, stands_out boolean)
-- nulls:   name is null for all, and for a host, which is never named
-- order:   grouping, name, n_sites, n_rows
--
-- With K neutral sites for each listed one, a site that left is a listed one once in K + 1 times.
-- A stratum stands out where listed sites are so many that one and a half times this rate would
-- give as many in less than one case of a thousand (a binomial tail); without cover, where there
-- is a listed site at all. Sites are hosts; within a host of several directories, these.
-- How many are listed is told of no stratum.

-- How likely it is that k or more of n come, each at this rate. Above the mean the terms fall from
-- the first one on, so that a thousand of them are all that counts.
create or replace temp macro binomial_tail(n, k, rate) as
list_sum(list_transform(
    range(k, least(n, k + 1000) + 1),
    lambda i: exp(
        lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * ln(rate) + (n - i) * ln(1 - rate)
    )
));

create or replace temp table strata as
with by_host as (
    select
        r.subset,
        r.band,
        r.host,
        sum(r.n_rows)::bigint as n_rows,
        bool_or(r.is_listed) as is_listed
    from residual as r
    group by all
),

by_directory as (
    select
        r.host,
        r.directory,
        sum(r.n_rows)::bigint as n_rows,
        bool_or(r.is_listed) as is_listed
    from residual as r
    group by all
),

sites as (
    select
        'all' as grouping,
        null::varchar as name,
        b.host as of_host,
        b.host as site,
        b.n_rows,
        b.is_listed
    from by_host as b
    union all
    select
        'subset' as grouping,
        b.subset as name,
        null as of_host,
        b.host as site,
        b.n_rows,
        b.is_listed
    from by_host as b
    union all
    select
        'score' as grouping,
        b.band as name,
        null as of_host,
        b.host as site,
        b.n_rows,
        b.is_listed
    from by_host as b
    union all
    select
        'subset and score' as grouping,
        b.subset || ', ' || b.band as name,
        null as of_host,
        b.host as site,
        b.n_rows,
        b.is_listed
    from by_host as b
    union all
    select
        'host' as grouping,
        null as name,
        d.host as of_host,
        d.directory as site,
        d.n_rows,
        d.is_listed
    from by_directory as d
),

judged as (
    select
        s.grouping,
        s.name,
        count(distinct s.site) as n_sites,
        sum(s.n_rows)::bigint as n_rows,
        count(distinct s.site) filter (where s.is_listed) as n_listed
    from sites as s
    group by s.grouping, s.name, case when s.grouping = 'host' then s.of_host end
),

rated as (
    select
        j.*,
        least(1.5 / ($cover + 1), 0.999) as rate
    from judged as j
    where j.grouping <> 'host' or j.n_sites > 1
)

select
    r.grouping,
    r.name,
    r.n_sites,
    r.n_rows,
    case
        when r.n_listed = 0 then false
        when $cover = 0 then true
        -- fewer sites left than one listed site and its cover are: there is nothing to hide among
        when r.grouping = 'all' and r.n_sites <= $cover then true
        when r.n_listed <= r.n_sites * r.rate then false
        else binomial_tail(r.n_sites, r.n_listed, r.rate) < 0.001
    end as stands_out
from rated as r
order by r.grouping, r.name, r.n_sites, r.n_rows;
