-- name:    cover_ledger
-- purpose: The tables of a cover ledger: which sites are out for good, listed ones and their cover.
-- params:  none
-- writes:  about (version integer, key_check varchar)
-- writes:  sites (site varchar, host varchar, directory varchar, depth integer, label varchar, since integer)
-- writes:  cover (site varchar, host varchar, directory varchar, depth integer, peer_of varchar, since integer, level integer, team varchar)
-- writes:  bonds (site varchar, other varchar, since integer)
-- nulls:   host stands for a host that a site is part of; directory is null where it is no single link;
--          team where a neutral site stands for one listed site alone
-- order:   none
--
-- Every place is an HMAC under the curator key; no host stands here. As secret as the store all the
-- same: with the key and a data set it tells listed sites from cover.

create table about (version integer not null, key_check varchar not null);

create table sites (
    site varchar not null,
    host varchar not null,
    directory varchar,
    depth integer not null,
    label varchar not null,
    since integer not null
);

create table cover (
    site varchar not null,
    host varchar not null,
    directory varchar,
    depth integer not null,
    peer_of varchar not null,
    since integer not null,
    level integer not null,
    team varchar
);

create table bonds (
    site varchar not null,
    other varchar not null,
    since integer not null
);
