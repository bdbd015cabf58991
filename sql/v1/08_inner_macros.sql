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
--   for every x of inner_links(u):  inner_is_odd(u, t, low)  or  link_host_digest of one of
--   inner_words(low) is host_digest(link_key(x)), where t is
--   inner_texts(inner_rest(u)), and low is lower(t)

-- A dotted host behind a sign that ends a word, with a slash after it; or a scheme and any host
-- with a dot, which may be a full stop of another script there. Letters beyond ASCII are taken for
-- letters.
create or replace temp macro inner_letter() as '(?:[A-Za-z0-9_-]|[^\x00-\x7f])';
create or replace temp macro inner_full() as '(?:[Hh][Tt][Tt][Pp][Ss]?:/+)';
create or replace temp macro inner_link() as
inner_full() || '[^/?#&]*[.\x{3002}\x{ff0e}\x{ff61}][^/?#&]*/'
|| '|[/?&=:](?:' || inner_letter() || '+\.)+(?:[A-Za-z]|[^\x00-\x7f])' || inner_letter()
|| '+(?::[0-9]+)?/';

-- The same where signs may be escaped, however often: after the host a dot and then a slash.
-- Escaped digits, `%` and `a` to `f` could spell other escapes. `e3` and `ef` begin full stops.
create or replace temp macro inner_escaped() as
'(?i)^https?://[^/?#\\]*[/?#\\].*'
|| '(?:(?:[.\x{3002}\x{ff0e}\x{ff61}]|%(?:25)*(?:2e|e3%(?:25)*80|ef%(?:25)*b[cd]))'
|| '.*(?:/|%(?:25)*2f)|%(?:25)*(?:3[0-9]|[46][1-6]))';

-- Most links have neither an escape nor a dot with a slash after it in their path.
create or replace temp macro may_hold_link(u) as
case
    when u is null then null
    when link_is_giant(u) then false
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    when contains(u, '%') then regexp_matches(u, inner_escaped(), 's')
    when u like '%//%/%.%/%' or strlen(u) <> length(u)
        then regexp_matches(substr(u, 9), inner_link())
    else false
end;

-- A link of http or https behind its host, where links may stand inside it.
create or replace temp macro inner_rest(u) as
regexp_replace(u, '^https?:[/\\]*[^/\\?#]*', '');

-- That as it stands and with escapes undone once, twice and three times; null where these are no
-- UTF-8. `#` ends a host, so they do not meet. Undone once, no escape is left where none spelled
-- the beginning of another.
create or replace temp macro inner_texts(rest) as
case
    when not contains(rest, '%') then rest
    when not regexp_matches(rest, link_reaching_escape())
        then rest || '#' || try(url_decode(rest))
    else
        rest || '#' || try(url_decode(rest))
        || '#' || try(url_decode(url_decode(rest)))
        || '#' || try(url_decode(url_decode(url_decode(rest))))
end;

-- A host that needs no more than lower case: whatever else may be one makes a link odd.
create or replace temp macro inner_host() as '(?:[a-z0-9_-]+\.)+[a-z][a-z0-9_-]*';

-- What may be a host without a scheme, and not a plain one: punycode, a port, or letters and dots
-- one of which is beyond ASCII, up to a slash or a port.
create or replace temp macro inner_wide_host() as
'[/?&=:](?:\.|' || inner_letter() || ')*'
|| '(?:\.(?:\.|' || inner_letter() || ')*[^\x00-\x7f]'
|| '|[^\x00-\x7f](?:\.|' || inner_letter() || ')*\.)'
|| '(?:\.|' || inner_letter() || ')*[:/]';
-- Not by `and`, both sides of which DuckDB would look at: few texts have such letters.
create or replace temp macro inner_has_odd_host(t, low) as
contains(low, 'xn--') or regexp_matches(t, ':[0-9]+/')
or case when strlen(t) <> length(t) then regexp_matches(t, inner_wide_host()) else false end;

-- Whether any scheme is followed by other than a plain host and a slash. Nothing is known of what
-- follows it then, be it a number, a dot too many, a user name or no link at all. Nor of a text in
-- which a sign divides two links: the first one is on the host that stands in front.
create or replace temp macro inner_has_odd_scheme(low) as
case
    when regexp_matches(low, 'https?:/')
        then regexp_matches(
            regexp_replace(low, 'https?:/+' || inner_host() || '/', '', 'g'), 'https?:/'
        )
        or regexp_matches(low, '[\t\n\f\r ,;|"<>]https?:/')
    else false
end;

-- Of a link with these texts, and the texts in lower case. It says nothing of one that may hold
-- no link.
create or replace temp macro inner_is_odd(u, t, low) as
case
    when u is null then null
    when not starts_with(u, 'https://') and not starts_with(u, 'http://') then true
    else coalesce(inner_has_odd_host(t, low) or inner_has_odd_scheme(low), true)
end;

-- The hosts of inner links, among all that stands between two signs. `translate` would cost four
-- times as much.
create or replace temp macro inner_words(low) as
string_split(
    replace(
        replace(replace(replace(replace(low, '?', '/'), '&', '/'), '=', '/'), ':', '/'),
        '#', '/'
    ), '/'
);
