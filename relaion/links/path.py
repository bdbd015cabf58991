"""The path and the query of a link in one form."""

from relaion.links.text import escapes, quote_raw, undo

_ESCAPES = escapes(kept="#\\")


def canonical_escapes(path: str, query: str) -> tuple[str, str]:
    """Undo the escapes of a path and a query until none is left but those that must stay.

    `query` comes and goes with its `?`, or is ''. Printable ASCII is written as itself,
    all else as upper-case hex. A backslash in the path is a slash; an escaped `?` there
    starts the query; a blank in the query is `+`.
    """
    if "\\" in path:
        path = path.replace("\\", "/")
    path = undo(quote_raw(path), _ESCAPES)
    if "\\" in query:
        query = query.replace("\\", "%5C")
    query = undo(quote_raw(query), _ESCAPES)
    path, mark, more = path.partition("?")
    query = mark + more + query
    return path, query.replace("%20", "+")


def canonical_path(path: str) -> str:
    """Resolve `.` and `..`, then make one slash of several."""
    if "/." in path:
        path = _without_dots(path)
    while "//" in path:
        path = path.replace("//", "/")
    return path


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def without_end(path: str, query: str) -> tuple[str, str]:
    """Cut slashes at the end of the path, `&` at the end of the query, and an empty query."""
    query = query.rstrip("&")
    return path.rstrip("/"), "" if query == "?" else query
