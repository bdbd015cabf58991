-- name:    digests_of_scripts
-- purpose: The SQL scripts that decided, by the digests of their bytes.
-- params:  none
-- reads:   scripts (name varchar, sha256 varchar)
-- nulls:   none
-- order:   name

select
    s.name,
    s.sha256
from scripts as s
order by s.name;
