-- name:    gone_texts
-- purpose: Link, caption and own row hash of the rows that left, in one pass over their shards.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint, url varchar, text varchar)
-- reads:   rows (shard_no integer, file_row_number bigint)
-- writes:  gone_texts (shard_no integer, file_row_number bigint, row_hash bigint, url varchar, text varchar)
-- nulls:   each column is null where the row has none, row_hash also where it is computed
-- order:   none
--
-- `rows` are those that `81_gone_rows` left. Python holds each own hash against link and caption
-- (doubted); of the links come `72_unsettled_links` and what follows it, as of `row_links`.

create or replace temp table gone_texts as
select
    s.shard_no,
    s.file_row_number,
    s.row_hash,
    s.url,
    s.text
from shard as s
semi join rows as r
    on s.shard_no = r.shard_no and s.file_row_number = r.file_row_number;
