-- name:    scripts_in_one
-- purpose: How many SQL scripts decided, and one digest over the digests of all.
-- params:  none
-- reads:   scripts (name varchar, sha256 varchar)
-- nulls:   none
-- order:   one row
--
-- The digest of what `sha256sum` prints of the scripts in the order of their names, byte by byte:
-- in a folder sql/v1, find -name '*.sql' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum | sha256sum

select
    count(*) as scripts,
    sha256(
        string_agg(s.sha256 || '  ' || s.name || chr(10), '' order by s.name)
    ) as sha256
from scripts as s;
