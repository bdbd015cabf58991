"""Which rows are named by a link that they carry: by key, by hash, by host or prefix."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from relaion.links import key_digest, link_key
from relaion.links.spellings import spellings
from relaion.verifier.carried import (
    Level,
    digest_of,
    inner_level,
    key_digests,
    link_marks,
    own_level,
)
from relaion.verifier.fates import FateLine, Fates
from relaion.verifier.inside import may_hold_near
from relaion.verifier.known import StatedLists
from relaion.verifier.near import near_rows


def judge_links(columns: Sequence[pa.Array], known: StatedLists, fates: Fates) -> None:
    """Name rows by their links, of every link column; `fates` holds what else names them.

    A row takes over what one of its links, or a link inside it, is listed for by other rows.
    """
    if not known.has_keys and not known.marks:
        return
    same = [found for urls in columns for found in _judge(urls, known, fates)]
    for row, list_id in same:
        if not fates.is_listed(row, list_id):
            fates.add(FateLine("same_link", list_id), row)


def _judge(urls: pa.Array, known: StatedLists, fates: Fates) -> list[tuple[int, int]]:
    """Name rows by one column; returns rows whose link other rows were hit with, and lists."""
    marked = _marked(urls, known)
    same: list[tuple[int, int]] = []

    def is_wanted(row: int, url: bytes) -> bool:
        return row in marked or (known.has_keys and may_hold_near(url, known.near))

    links = [own_level(urls)]
    if known.inner:
        links.append(inner_level(urls, is_wanted))
    for level in links:
        _hashed(level, marked, known, fates)
        if known.has_keys:
            same += _keyed(level, known, fates)
    return same


def _marked(urls: pa.Array, known: StatedLists) -> set[int]:
    """The rows whose link, or a link inside it, a hashed link may name."""
    if not known.marks:
        return set()
    return {row for row, mark in enumerate(link_marks(urls)) if mark in known.marks}


def _hashed(level: Level, marked: set[int], known: StatedLists, fates: Fates) -> None:
    if not marked:
        return
    for row, url in zip(level.rows, level.links.to_pylist(), strict=True):
        if row in marked and url is not None:
            for line in _spelled(level, url, known):
                fates.add(line, row)
                _note_inner(level, link_key(url), fates)


def _spelled(level: Level, url: bytes, known: StatedLists) -> Iterator[FateLine]:
    for form, text in spellings(url):
        for kind, algorithm in known.hashed.items():
            for list_id in known.exact[kind].get(digest_of(text, algorithm).hex(), ()):
                if known.allows(list_id, form):
                    yield FateLine("list", list_id, kind, level.form(form))


def _keyed(level: Level, known: StatedLists, fates: Fates) -> Iterator[tuple[int, int]]:
    """Compare keys; yields rows whose link is a listed one, with the lists that hit it."""
    for i, url in near_rows(level.links, known.near):
        row, key = level.rows[i], link_key(url)
        for line in _lines(level, key, known):
            fates.add(line, row)
            _note_inner(level, key, fates)
        for list_id in known.links.get(key_digest(key), ()):
            yield row, list_id


def _lines(level: Level, key: str, known: StatedLists) -> Iterator[FateLine]:
    for kind, form, digests in key_digests(key, known.exact):
        for digest in digests:
            for list_id in known.exact[kind].get(digest, ()):
                yield FateLine("list", list_id, kind, level.form(form))
    if not level.inner:  # a sidecar tells of the row, not of what its link holds
        for list_id, kind in known.beside.links.get(key_digest(key), ()):
            yield FateLine("list", list_id, kind, "sidecar")


def _note_inner(level: Level, key: str, fates: Fates) -> None:
    if level.inner:
        fates.inner_keys.add(key)
