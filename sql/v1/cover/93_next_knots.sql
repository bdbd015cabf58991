-- name:    next_knots
-- purpose: Take a listed group apart: the next knot that adds a site to those that hang together.
-- params:  $step  integer  1 for the first knot of each group
-- reads:   open_groups (component varchar, n_sites bigint, n_seats bigint)
-- reads:   knots (knot varchar, component varchar, site varchar, rank varchar)
-- reads:   knot_steps (component varchar, step integer, knot varchar)
-- reads:   roles (component varchar, step integer, site varchar)
-- writes:  knot_steps (component varchar, step integer, knot varchar)
-- writes:  roles (component varchar, step integer, site varchar)
-- nulls:   none
-- order:   none
--
-- Run for step 1, 2, … until nothing is added: the knot with the most sites first, then of those that
-- touch it the one that adds most.

insert into knot_steps
with counted as (
    select
        k.component,
        k.knot,
        count(*) as n_sites,
        count(r.site) as n_old
    from knots as k
    semi join open_groups as o on k.component = o.component
    left join roles as r on k.component = r.component and k.site = r.site
    group by all
)

select
    c.component,
    $step::integer as step,
    c.knot
from counted as c
where c.n_sites > c.n_old and (c.n_old > 0) = ($step > 1)
qualify row_number() over (partition by c.component order by c.n_sites - c.n_old desc, c.knot) = 1;

insert into roles
select
    s.component,
    s.step,
    k.site
from knot_steps as s
inner join knots as k on s.component = k.component and s.knot = k.knot
anti join roles as r on k.component = r.component and k.site = r.site
where s.step = $step;
