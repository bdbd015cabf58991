-- name:    audit
-- purpose: The public counts of a run, summed over the shards of each subset.
-- params:  $few_rows  bigint  a subset of fewer rows shows no counts of its own by list or rule
-- reads:   found_run (name varchar, setting varchar)
-- reads:   found_parameters (name varchar, setting varchar)
-- reads:   found_scripts (name varchar, sha256 varchar)
-- reads:   found_lists (list_id integer, source varchar, title varchar, label varchar, received varchar, digest varchar, kind varchar, entries bigint, role varchar, step integer)
-- reads:   found_steps (step integer, run varchar, edition varchar, subset varchar, rows_in bigint, removed bigint, kept bigint)
-- reads:   found_inputs (subset varchar, shard varchar, n_rows bigint, n_bytes bigint, sha256 varchar)
-- reads:   found_outputs (edition varchar, subset varchar, shard varchar, n_rows bigint, n_bytes bigint, sha256 varchar)
-- reads:   found_coverage (subset varchar, role varchar, via varchar, n_rows bigint, n_covered bigint, estimated boolean, sampled bigint)
-- reads:   found_not_looked_at (subset varchar, role varchar, column_name varchar, reason varchar, n_values bigint)
-- reads:   found_tally (subset varchar, edition varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- reads:   found_scores (subset varchar, band integer, n_rows bigint)
-- reads:   found_groups (subset varchar, edition varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- reads:   hit_counts (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   hit_unions (subset varchar, grouping varchar, name varchar, memberships bigint, n_rows bigint)
-- reads:   hit_order (subset varchar, list_id integer, kind varchar, gross bigint, n_new bigint)
-- writes:  told_subsets (subset varchar, told_as varchar)
-- writes:  run (name varchar, setting varchar)
-- writes:  parameters (name varchar, setting varchar)
-- writes:  scripts (name varchar, sha256 varchar)
-- writes:  lists (list_id integer, source varchar, title varchar, label varchar, received varchar, digest varchar, kind varchar, entries bigint, role varchar, step integer)
-- writes:  inputs (subset varchar, shard varchar, rows bigint, bytes bigint, sha256 varchar)
-- writes:  outputs (edition varchar, subset varchar, shard varchar, rows bigint, bytes bigint, sha256 varchar)
-- writes:  coverage (subset varchar, role varchar, via varchar, rows bigint, covered bigint, estimated boolean, sampled bigint)
-- writes:  not_looked_at (subset varchar, role varchar, column_name varchar, reason varchar, n_values bigint)
-- writes:  scores (subset varchar, above double, up_to double, rows bigint)
-- writes:  hits (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- writes:  hit_groups (subset varchar, grouping varchar, name varchar, memberships bigint, rows bigint)
-- writes:  protocol (subset varchar, place integer, list_id integer, kind varchar, gross bigint, new_rows bigint, rows_so_far bigint)
-- writes:  removals (edition varchar, subset varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- writes:  removal_groups (edition varchar, subset varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- writes:  unions (edition varchar, subset varchar, rows_in bigint, removed bigint, kept bigint)
-- writes:  steps (step integer, run varchar, edition varchar, subset varchar, rows_in bigint, removed bigint, kept bigint)
-- nulls:   a null column of a reason does not apply to it
-- order:   every table by all its columns
--
-- Public by nature are the files, so what each subset kept and lost (inputs, outputs, unions).
-- Why rows were lost is told of large subsets only. Those under $few_rows rows are summed as
-- `small`, with the next larger ones until no count of any can be reckoned from what is public:
-- until `small` has $few_rows rows, of two subsets or more, and in no edition comes from one
-- subset alone (the others lost nothing there, as unions tells). A subset that is called `small`
-- joins it. Where even all together are not enough, those of few rows are told nowhere.
-- Which subsets these are follows from unions alone, so that it tells nothing itself.
--
-- Worked example: subsets of 300, 2,000, 9,000 and 1,000,000 rows, all of which lost some. The
-- first is of few rows; alone it would be `small` by another name, so 2,000 join: `small` is
-- 2,300 rows of two subsets. Had the second lost nothing, 9,000 would join too.

create or replace table run as
select
    name,
    setting
from temp.found_run
order by all;
comment on table run is 'What made this audit.';
comment on column run.name is 'what is stated';
comment on column run.setting is 'its value';

create or replace table parameters as
select
    name,
    setting
from temp.found_parameters
order by all;
comment on table parameters is 'The settings that decide which rows stay.';
comment on column parameters.name is 'the parameter';
comment on column parameters.setting is 'its value, as JSON';

create or replace table scripts as
select
    name,
    sha256
from temp.found_scripts
order by all;
comment on table scripts is 'The SQL that decided, by the digest of its bytes.';
comment on column scripts.name is 'file below sql/<version>/';
comment on column scripts.sha256 is 'hex digest, as sha256sum prints it';

create or replace table lists as
select
    list_id,
    source,
    title,
    label,
    received,
    digest,
    kind,
    entries,
    role,
    step
from temp.found_lists
order by all;
comment on table lists is 'The deliveries that were matched, a line for each kind of entry.';
comment on column lists.list_id is 'number of the delivery in the list store';
comment on column lists.source is 'who sent it';
comment on column lists.title is 'what it is called';
comment on column lists.label is 'csam, privacy, opt-out, ...; editions choose by it';
comment on column lists.received is 'day on which it came';
comment on column lists.digest is 'HMAC-SHA256 of the delivery under the curator key';
comment on column lists.kind is 'what its entries are';
comment on column lists.entries is 'how many distinct entries of this kind';
comment on column lists.role is 'bad, or good for what is known good and removes nothing';
comment on column lists.step is 'the step that it was first matched in; 1 is the first clean';

create or replace table inputs as
select
    subset,
    shard,
    n_rows as rows,
    n_bytes as bytes,
    sha256
from temp.found_inputs
order by all;
comment on table inputs is 'The shards that went in.';
comment on column inputs.subset is 'folder of shards that are audited together';
comment on column inputs.shard is 'file name';
comment on column inputs.rows is 'rows';
comment on column inputs.bytes is 'size';
comment on column inputs.sha256 is 'hex digest of the file';

create or replace table outputs as
select
    edition,
    subset,
    shard,
    n_rows as rows,
    n_bytes as bytes,
    sha256
from temp.found_outputs
order by all;
comment on table outputs is 'The shards that came out.';
comment on column outputs.edition is 'which edition';
comment on column outputs.subset is 'folder of shards that are audited together';
comment on column outputs.shard is 'file name';
comment on column outputs.rows is 'rows kept';
comment on column outputs.bytes is 'size';
comment on column outputs.sha256 is 'hex digest of the file';

create or replace table coverage as
select
    subset,
    role,
    via,
    n_rows as rows,
    n_covered as covered,
    estimated,
    sampled
from temp.found_coverage
order by all;
comment on table coverage is 'How many rows could be matched by what.';
comment on column coverage.subset is 'folder of shards that are audited together';
comment on column coverage.role is 'url, text, punsafe, row_hash or an image hash';
comment on column coverage.via is 'column of the shards, sidecar, or computed';
comment on column coverage.rows is 'rows of the subset';
comment on column coverage.covered is 'rows that have a value; where estimated, about so many';
comment on column coverage.estimated is 'whether covered was reckoned from a sample';
comment on column coverage.sampled is 'rows of that sample';

create or replace table not_looked_at as
select
    subset,
    role,
    column_name,
    reason,
    n_values
from temp.found_not_looked_at
order by all;
comment on table not_looked_at is 'What no list and no rule was compared with; none: clean alone.';
comment on column not_looked_at.subset is 'folder of shards that are audited together';
comment on column not_looked_at.role is 'what the column looks like; or files, keywords, lists';
comment on column not_looked_at.column_name is 'the column; null where there is none';
comment on column not_looked_at.reason is 'why it, or these of its values, were not looked at';
comment on column not_looked_at.n_values is 'how many values, rows or files; null if not counted';

create or replace table scores as
select
    f.subset,
    if(f.band > 0, (f.band - 1) / 20, null)::double as above,
    if(f.band < 21, f.band / 20, null)::double as up_to,
    sum(f.n_rows)::bigint as rows
from temp.found_scores as f
group by all
order by all;
comment on table scores is 'All rows by score, listed or not; nothing of what lists found.';
comment on column scores.subset is 'folder of shards that are audited together';
comment on column scores.above is 'scores above this; null below all, and for no score';
comment on column scores.up_to is 'and up to this; null above all, and for no score';
comment on column scores.rows is 'rows';

create or replace table unions as
with kept_rows as (
    select
        o.edition,
        o.subset,
        sum(o.n_rows)::bigint as kept
    from temp.found_outputs as o
    group by all
),

input_rows as (
    select
        i.subset,
        sum(i.n_rows)::bigint as rows_in
    from temp.found_inputs as i
    group by all
)

select
    k.edition,
    k.subset,
    i.rows_in,
    i.rows_in - k.kept as removed,
    k.kept
from kept_rows as k
inner join input_rows as i on k.subset = i.subset
order by all;
comment on table unions is 'Rows in, removed and kept.';
comment on column unions.edition is 'which edition';
comment on column unions.subset is 'folder of shards that are audited together';
comment on column unions.rows_in is 'rows of the input';
comment on column unions.removed is 'rows that left, counted once';
comment on column unions.kept is 'rows that stayed';

create or replace table steps as
select
    f.step,
    f.run,
    f.edition,
    f.subset,
    f.rows_in,
    f.removed,
    f.kept
from temp.found_steps as f
union all
select
    coalesce((select max(f.step) from temp.found_steps as f), 0) + 1 as step,
    (select r.setting from temp.found_run as r where r.name = 'run') as run,
    u.edition,
    u.subset,
    u.rows_in,
    u.removed,
    u.kept
from unions as u
order by all;
comment on table steps is 'The first clean and the updates since: what each kept.';
comment on column steps.step is '1 is the first clean; the last is this run';
comment on column steps.run is 'the run, as its manifest names it';
comment on column steps.edition is 'which edition';
comment on column steps.subset is 'folder of shards that are audited together';
comment on column steps.rows_in is 'rows of the input';
comment on column steps.removed is 'rows that had left by then, counted once';
comment on column steps.kept is 'rows that stayed';

create or replace temp table told_subsets as
with sized as (
    select distinct
        u.subset,
        u.rows_in
    from unions as u
    where u.rows_in > 0
),

placed as (
    select
        s.subset,
        s.rows_in,
        s.rows_in < $few_rows or s.subset = 'small' as is_forced,
        row_number() over (
            order by s.rows_in >= $few_rows and s.subset <> 'small', s.rows_in, s.subset
        ) as place
    from sized as s
),

-- what the subsets up to each place hold together, once for every edition
running as (
    select
        p.place,
        count(*) over places as n_subsets,
        sum(p.rows_in) over places as n_rows,
        count(*) filter (where u.removed > 0) over places as n_losing
    from placed as p
    inner join unions as u on p.subset = u.subset
    window places as (partition by u.edition order by p.place rows unbounded preceding)
),

forced as (
    select
        count(*) filter (where p.is_forced) as n_forced,
        coalesce(bool_or(p.rows_in < $few_rows), false) as has_few
    from placed as p
),

enough as (
    select min(r.place) as place
    from (
        select r.place
        from running as r
        group by r.place
        having
            min(r.n_subsets) >= 2
            and min(r.n_rows) >= $few_rows
            and bool_and(r.n_losing <> 1)
    ) as r
    inner join forced as f on r.place >= f.n_forced
)

select
    p.subset,
    case
        when not f.has_few then p.subset
        when e.place is null then if(p.rows_in < $few_rows, null, p.subset)
        when p.place <= e.place then 'small'
        else p.subset
    end as told_as
from placed as p
cross join forced as f
cross join enough as e;

-- what an audit before this one told of several subsets together
insert into told_subsets
select
    'small' as subset,
    'small' as told_as
from told_subsets as t
having bool_or(t.told_as = 'small') and not bool_or(t.subset = 'small');

create or replace table hits as
select
    t.told_as as subset,
    h.list_id,
    h.kind,
    h.form,
    sum(h.gross)::bigint as gross,
    sum(h.exclusive)::bigint as exclusive
from temp.hit_counts as h
inner join temp.told_subsets as t on h.subset = t.subset
where t.told_as is not null
group by all
order by all;
comment on table hits is 'What the lists found, whatever the editions made of it.';
comment on column hits.subset is 'folder of shards; small: several of few rows together';
comment on column hits.list_id is 'the delivery';
comment on column hits.kind is 'what was compared; null for a listed link''s other rows';
comment on column hits.form is 'the spelling of the link that was compared';
comment on column hits.gross is 'rows';
comment on column hits.exclusive is 'rows nothing else found; gross - exclusive overlap';

create or replace table hit_groups as
select
    t.told_as as subset,
    h.grouping,
    h.name,
    sum(h.memberships)::bigint as memberships,
    sum(h.n_rows)::bigint as rows
from temp.hit_unions as h
inner join temp.told_subsets as t on h.subset = t.subset
where t.told_as is not null
group by all
order by all;
comment on table hit_groups is 'Overlaps counted once: rows found, and memberships before that.';
comment on column hit_groups.subset is 'folder of shards; small: several of few rows together';
comment on column hit_groups.grouping is 'all, source, label, or same_link (beyond the lists)';
comment on column hit_groups.name is 'the source or label';
comment on column hit_groups.memberships is 'rows counted once for each list that names them';
comment on column hit_groups.rows is 'rows counted once';

create or replace table protocol as
with told as (
    select
        t.told_as as subset,
        o.list_id,
        o.kind,
        sum(o.gross)::bigint as gross,
        sum(o.n_new)::bigint as new_rows
    from temp.hit_order as o
    inner join temp.told_subsets as t on o.subset = t.subset
    where t.told_as is not null
    group by all
),

received as (
    select distinct
        l.list_id,
        l.received
    from temp.found_lists as l
),

placed as (
    select
        t.*,
        row_number() over (
            partition by t.subset order by r.received nulls last, t.list_id, t.kind
        ) as place
    from told as t
    inner join received as r on t.list_id = r.list_id
)

select
    p.subset,
    p.place::integer as place,
    p.list_id,
    p.kind,
    p.gross,
    p.new_rows,
    (sum(p.new_rows) over (partition by p.subset order by p.place))::bigint as rows_so_far
from placed as p
order by all;
comment on table protocol is 'Deliveries in order of receipt: the rows each was first to name.';
comment on column protocol.subset is 'folder of shards; small: several of few rows together';
comment on column protocol.place is 'in order of receipt, those without a day last';
comment on column protocol.list_id is 'the delivery';
comment on column protocol.kind is 'what was compared';
comment on column protocol.gross is 'rows that it names';
comment on column protocol.new_rows is 'rows that no delivery or kind before it names';
comment on column protocol.rows_so_far is 'rows that it or a delivery before it names';

create or replace table removals as
select
    f.edition,
    t.told_as as subset,
    f.reason_kind,
    f.list_id,
    f.label,
    f.kind,
    f.form,
    f.rule,
    sum(f.gross)::bigint as gross,
    sum(f.exclusive)::bigint as exclusive
from temp.found_tally as f
inner join temp.told_subsets as t on f.subset = t.subset
where t.told_as is not null
group by all
order by all;
comment on table removals is 'Why rows left an edition.';
comment on column removals.edition is 'which edition';
comment on column removals.subset is 'folder of shards; small: several of few rows together';
comment on column removals.reason_kind is 'list, same_link, cover or rule';
comment on column removals.list_id is 'the delivery; null for a rule and for cover';
comment on column removals.label is 'the label that rows leave for; null for a rule';
comment on column removals.kind is 'what was compared; null but for list';
comment on column removals.form is 'the spelling of the link that was compared';
comment on column removals.rule is 'the rule; null for a list';
comment on column removals.gross is 'rows that leave for this reason';
comment on column removals.exclusive is 'rows that leave for this reason alone';

create or replace table removal_groups as
select
    f.edition,
    t.told_as as subset,
    f.grouping,
    f.name,
    sum(f.gross)::bigint as gross,
    sum(f.exclusive)::bigint as exclusive
from temp.found_groups as f
inner join temp.told_subsets as t on f.subset = t.subset
where t.told_as is not null
group by all
order by all;
comment on table removal_groups is 'Why rows left, overlaps within a source or label counted once.';
comment on column removal_groups.edition is 'which edition';
comment on column removal_groups.subset is 'folder of shards; small: several of few rows together';
comment on column removal_groups.grouping is 'source or label';
comment on column removal_groups.name is 'the source or label';
comment on column removal_groups.gross is 'rows that its lists remove';
comment on column removal_groups.exclusive is 'rows that leave for nothing else';
