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
--   for every x of inner_links(u):  inner_is_odd(u)  or  link_host_digest of one of
--   inner_hosts(u) is host_digest(link_key(x))

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
    when link_is_giant(u) then false
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    when contains(u, '%') then regexp_matches(u, inner_escaped(), 's')
    when u like '%//%/%.%/%' then regexp_matches(substr(u, 9), inner_link())
    else false
end;

-- A link behind its scheme, as it stands and with escapes undone once, twice and three times; null
-- where these are no UTF-8. `#` ends a host, so the four do not meet.
create or replace temp macro inner_texts(u) as
case
    when contains(u, '%')
        then
            substr(u, 8) || '#' || try(url_decode(substr(u, 8)))
            || '#' || try(url_decode(url_decode(substr(u, 8))))
            || '#' || try(url_decode(url_decode(url_decode(substr(u, 8)))))
    else substr(u, 8)
end;

-- A host that needs no more than lower case: whatever else may be one makes a link odd.
create or replace temp macro inner_host() as '(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9_-]*';

-- What may be a host without a scheme, and not a plain one: punycode, a port, or letters and dots
-- one of which is beyond ASCII, up to a slash or a port.
create or replace temp macro inner_odd_host() as
'[Xx][Nn]--|:[0-9]+/'
|| '|[/?&=:](?:\.|' || inner_letter() || ')*'
|| '(?:\.(?:\.|' || inner_letter() || ')*[^\x00-\x7f]'
|| '|[^\x00-\x7f](?:\.|' || inner_letter() || ')*\.)'
|| '(?:\.|' || inner_letter() || ')*[:/]';

-- Whether any scheme is followed by other than a plain host and a slash. Nothing is known of what
-- follows it then, be it a number, a dot too many, a user name or no link at all.
create or replace temp macro inner_has_odd_scheme(t) as
case
    when regexp_matches(t, inner_full())
        then regexp_matches(
            regexp_replace(t, inner_full() || inner_host() || '/', '', 'g'), inner_full()
        )
    else false
end;

create or replace temp macro inner_is_odd(u) as
case
    when u is null then null
    when not may_hold_link(u) then false
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    else list_transform(
        [inner_texts(u)],
        lambda t: coalesce(regexp_matches(t, inner_odd_host()) or inner_has_odd_scheme(t), true)
    )[1]
end;

-- The hosts of inner links, and of more that only look so (`x.jpg`), in lower case.
-- The sign before a host is cut off afterwards: a group in the expression would cost twice as much.
create or replace temp macro inner_hosts(u) as
list_transform(
    regexp_extract_all(inner_texts(u), '[/?&=:]' || inner_host(), 0),
    lambda host: lower(substr(host, 2))
);
