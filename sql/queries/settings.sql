-- name:    settings
-- purpose: The settings that decided which rows stay, and what made the audit.
-- params:  none
-- reads:   parameters (name varchar, setting varchar)
-- reads:   run (name varchar, setting varchar)
-- nulls:   none
-- order:   parameters before run, name

select
    'parameters' as relation,
    p.name,
    p.setting
from parameters as p
union all
select
    'run' as relation,
    r.name,
    r.setting
from run as r
order by relation, name;
