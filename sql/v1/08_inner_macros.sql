-- name:    inner_macros
-- purpose: Stub.
-- params:  none
-- writes:  may_hold_link(u)
-- nulls:   none
-- order:   none

create or replace temp macro may_hold_link(u) as false;

create or replace temp macro inner_is_odd(u) as true;

create or replace temp macro inner_hosts(u) as [u];
