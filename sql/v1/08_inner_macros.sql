-- name:    inner_macros
-- purpose: What SQL can say about the links inside a link: whether there may be one, and its host.
-- params:  none
-- nulls:   every macro gives null for a null link
-- order:   none
--
-- `https://i0.wp.com/example.com/a.jpg?w=300` shows `example.com/a.jpg`: a proxy names the link
-- of another site in its path or query. `relaion.links.inner_links` finds such links
-- (decisions/0007-links-inside-links.md); these macros spare nearly all rows that search.
-- Two promises, both tested:
--   inner_links(u) is empty  or  may_hold_link(u)
--   for every x of inner_links(u):  inner_is_odd(u)  or  md5 of one of inner_hosts(u) is
--   host_digest(link_key(x))

-- A dotted host behind a sign that ends a word, with a slash after it; or a scheme and any host
-- with a dot. Letters beyond ASCII are taken for letters.
create or replace temp macro inner_letter() as '(?:[A-Za-z0-9_-]|[^\x00-\x7f])';
create or replace temp macro inner_full() as '(?:[Hh][Tt][Tt][Pp][Ss]?:/+)';
create or replace temp macro inner_link() as
inner_full() || '[^/?#&]*\.[^/?#&]*/'
|| '|[/?&=:](?:' || inner_letter() || '+\.)+(?:[A-Za-z]|[^\x00-\x7f])' || inner_letter()
|| '+(?::[0-9]+)?/';

-- The same where signs may be escaped, however often: after the host a dot and then a slash.
-- Escaped digits, `%` and `a` to `f` could spell other escapes.
create or replace temp macro inner_escaped() as
'(?i)^https?://[^/?#\\]*[/?#\\].*'
|| '(?:(?:\.|%(?:25)*2e).*(?:/|%(?:25)*2f)|%(?:25)*(?:3[0-9]|[46][1-6]))';

-- Most links have neither an escape nor a dot with a slash after it in their path.
create or replace temp macro may_hold_link(u) as
case
    when u is null then null
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    when contains(u, '%') then regexp_matches(u, inner_escaped(), 's')
    when u like '%//%/%.%/%' then regexp_matches(substr(u, 9), inner_link())
    else false
end;

-- A link from its host on, as it stands and with escapes undone once, twice and three times; null
-- where these are no UTF-8. `#` ends a host, so the four do not meet.
create or replace temp macro inner_texts(u) as
case
    when contains(u, '%')
        then
            substr(u, 9) || '#' || try(url_decode(substr(u, 9)))
            || '#' || try(url_decode(url_decode(substr(u, 9))))
            || '#' || try(url_decode(url_decode(url_decode(substr(u, 9)))))
    else substr(u, 9)
end;

-- Whether an inner link may have a host that is not plain: a port, a user name, a number, letters
-- beyond ASCII, punycode, empty labels.
create or replace temp macro inner_odd_host() as
inner_full() || '[^/?#&]*[^/?#&A-Za-z0-9_.-]'
|| '|' || inner_full() || '(?:[A-Za-z0-9_.-]*\.)?(?:[0-9_-][A-Za-z0-9_-]*|\.)/'
|| '|' || inner_full() || '(?:[A-Za-z0-9_.-]*\.)?\.'
|| '|[/?&=:.][Xx][Nn]--'
|| '|[/?&=:](?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9_-]+:[0-9]+/'
|| '|[/?&=:](?:' || inner_letter() || '+\.)+' || inner_letter() || '*[^\x00-\x7f]' || inner_letter()
|| '*(?::[0-9]+)?/'
|| '|[/?&=:](?:' || inner_letter() || '+\.)*' || inner_letter() || '*[^\x00-\x7f]' || inner_letter()
|| '*\.(?:[.]|' || inner_letter() || ')*(?::[0-9]+)?/';

create or replace temp macro inner_is_odd(u) as
case
    when u is null then null
    when not may_hold_link(u) then false
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    else coalesce(regexp_matches(inner_texts(u), inner_odd_host()), true)
end;

-- The hosts of inner links, and of more that only look so (`x.jpg`), as link_host writes them.
-- The sign before a host is cut off afterwards: a group in the expression would cost twice as much.
create or replace temp macro inner_hosts(u) as
list_transform(
    regexp_extract_all(
        inner_texts(u), '[/?&=:](?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9_-]*', 0
    ),
    lambda host: replace(lower(substr(host, 2)), 'www.', '')
);
