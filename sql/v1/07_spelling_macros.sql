-- name:    spelling_macros
-- purpose: Stub.
-- params:  none
-- writes:  spelling_is_odd(u)
-- nulls:   none
-- order:   none

create or replace temp macro spelling_is_odd(u) as true;

create or replace temp macro link_spellings(u) as [{'form': 'raw', 'spelling': u}];
