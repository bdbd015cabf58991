-- name:    list_store
-- purpose: The empty tables of a list store.
-- params:  $store_version  integer  version of these tables
-- params:  $key_version    integer  version of the link key whose digests the store holds
-- writes:  store.store    (store_version integer, key_version integer, next_list_id integer, hashed_by varchar)
-- writes:  store.lists    (list_id integer, source varchar, title varchar, label varchar, received date, added timestamp, content_sha256 varchar, n_read bigint, n_new bigint, n_known bigint, n_duplicate bigint, forms varchar[], role varchar, format varchar, reader_version integer, settings varchar, replaces integer, checkpoint varchar, n_retracted bigint, n_records bigint, n_used bigint, withdrawn timestamp, entries_then varchar)
-- writes:  store.skipped  (list_id integer, reason varchar, n bigint, n_records bigint)
-- writes:  store.unusable (list_id integer, algorithm varchar, n bigint)
-- writes:  store.files    (list_id integer, name varchar, sha256 varchar)
-- writes:  store.traits   (trait_id integer, severity varchar, media varchar, first_seen varchar, last_seen varchar, confidence varchar, given_by varchar)
-- writes:  store.records  (list_id integer, record_no bigint, id_digest varchar, giver_id varchar)
-- writes:  store.repeats  (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- writes:  store.entries  (list_id integer, kind varchar, digest varchar, host_digest varchar, hash ubigint, record_no bigint, trait_id integer, tail usmallint)
-- nulls:   title, received, format, settings, replaces and checkpoint may be unknown; forms is null
--          for all forms; withdrawn and entries_then are null for a list that is still held;
--          host_digest is null but for links, hosts and prefixes with a plain host, tail but for such
--          links, and where an older relaion wrote them: any row may end so then; record_no is
--          one for a block where each value is a record, and null there of an older relaion;
--          trait_id is null where a giver says nothing beside it; giver_id is null unless it was
--          to be kept
-- order:   entries of one list and kind lie together, so that a scan of a kind passes over others
--
-- What `digest` is, by kind:
--   url                     SHA-256 of the link key
--   url_md5, image_md5, ... as the partner sent it
--   row_hash                the signed 64-bit number in two's complement, 16 hex digits
--   host                    SHA-256 of `example.com` (that host) or `*.example.com` (and all below)
--   url_prefix              SHA-256 of a link key without query, `example.com/dir`
-- The last two are what key_host_patterns and key_prefixes in v1/09_scope_macros.sql give.
--
-- `hash` is `hash(digest)` of the DuckDB that wrote it (`hashed_by`): another one may hash otherwise,
-- so it must make them anew. ZSTD writes digests in two thirds of the time of DuckDB's own
-- choice, in an eighth more room.
--
-- The store holds digests, never a link. Three things tell of a link: the digest of its key, that of its
-- host, and 16 bits of the last eight characters of its key (`tail`, as v1/05_link_macros.sql gives
-- them). The last two spare a search the keys of most rows. A digest of a link says yes or no to each
-- link that somebody thinks of, one of a host to each host; the bits spare him some of the first.
-- It holds what is listed, and what is good in lists whose
-- role is good; what a giver took back or disputes stands nowhere. A list's n_read = n_new +
-- n_known + n_duplicate + n_retracted + what was skipped; its n_records = n_used + what records
-- were skipped. An entry is stored for every list that holds it, once a list.
-- A list that was withdrawn keeps its line and its counts: `content_sha256` is then its HMAC under
-- the curator key, and `entries_then` says in JSON how many entries it had of each kind.

create table store.store (
    store_version integer not null,
    key_version integer not null,
    next_list_id integer not null,
    hashed_by varchar not null
);

insert into store.store values ($store_version, $key_version, 1, version());

create table store.lists (
    list_id integer not null,
    source varchar not null,
    title varchar,
    label varchar not null,
    received date,
    added timestamp not null,
    content_sha256 varchar not null,
    n_read bigint not null,
    n_new bigint not null,
    n_known bigint not null,
    n_duplicate bigint not null,
    forms varchar[],
    role varchar not null default 'bad',
    format varchar,
    reader_version integer,
    settings varchar,
    replaces integer,
    checkpoint varchar,
    n_retracted bigint not null default 0,
    n_records bigint not null default 0,
    n_used bigint not null default 0,
    withdrawn timestamp,
    entries_then varchar
);

create table store.skipped (
    list_id integer not null,
    reason varchar not null,
    n bigint not null,
    n_records bigint not null default 0
);

create table store.unusable (
    list_id integer not null,
    algorithm varchar not null,
    n bigint not null
);

create table store.files (
    list_id integer not null,
    name varchar not null,
    sha256 varchar not null
);

create table store.traits (
    trait_id integer not null,
    severity varchar,
    media varchar,
    first_seen varchar,
    last_seen varchar,
    confidence varchar,
    given_by varchar
);

create table store.records (
    list_id integer not null,
    record_no bigint not null,
    id_digest varchar not null,
    giver_id varchar
);

create table store.repeats (
    list_id integer not null,
    kind varchar not null,
    hash ubigint not null,
    record_no bigint not null
);

create table store.entries (  -- noqa: PRS
    list_id integer not null,
    kind varchar not null,
    digest varchar not null using compression zstd,
    host_digest varchar,
    hash ubigint not null,
    record_no bigint,
    trait_id integer,
    tail usmallint
);

comment on column store.store.key_version is 'version of the link key';
comment on column store.store.next_list_id is 'number of the next list; none is given twice';
comment on column store.store.hashed_by is 'the DuckDB that made the hashes of entries';
comment on column store.lists.received is 'the day it came, in whose order the protocol counts';
comment on column store.lists.added is 'when the list was read, UTC';
comment on column store.lists.content_sha256 is 'digest of the files and of how they were read';
comment on column store.lists.n_new is 'entries that no list of the store held before';
comment on column store.lists.n_known is 'entries that an earlier list of the store holds too';
comment on column store.lists.n_duplicate is 'entries that stood in the delivery before';
comment on column store.lists.n_retracted is 'values that the giver took back';
comment on column store.lists.n_records is 'records that were read';
comment on column store.lists.n_used is 'records that brought an entry';
comment on column store.lists.forms is 'spellings that the giver hashed; null: any of them';
comment on column store.lists.role is 'bad, or good for what is known good and removes nothing';
comment on column store.lists.settings is 'how it was read, in JSON, so that its next delivery is; what it changed in another list';
comment on column store.lists.replaces is 'the list that this one brings up to date';
comment on column store.lists.checkpoint is 'where the giver''s next delivery goes on';
comment on column store.lists.withdrawn is 'when the list was taken out, UTC';
comment on column store.skipped.reason is 'why a value is no entry, without the value';
comment on column store.skipped.n_records is 'records that brought no entry for this reason';
comment on column store.unusable.algorithm is 'digests by it match nothing in a data set';
comment on column store.files.name is 'the partner''s name of the file; stays in the store';
comment on column store.records.id_digest is '128 bits of the SHA-256 of the giver''s id, in hex';
comment on column store.repeats.record_no is 'a record with an id that lists an entry once more';
comment on column store.entries.digest is 'lower-case hex; of links and scopes, SHA-256 of the key';
comment on column store.entries.host_digest is 'MD5 of a link''s or scope''s host, or null';
comment on column store.entries.tail is '16 bits of the last eight characters of a link''s key, or null';
comment on column store.entries.hash is '64 bits of the digest, as `hash` of that DuckDB gives them';
