"""One batch of a search, in a worker of a cluster: a connection of its own for each.

So nothing is kept from one to the next: what a step needs of earlier ones are files, which DuckDB
reads where they lie.
"""

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from relaion.engine import connect
from relaion.errors import RelaionError
from relaion.labs.piecework import PieceFound, SeekStep
from relaion.labs.seek import Seeker
from relaion.paths import file_sha256
from relaion.run.process import unpacked
from relaion.run.progress import NOTHING, Extent


def done(step: Path, piece: Path) -> PieceFound | RelaionError:
    """Do a piece; an error of the user's is a value, so that it stays of its class."""
    try:
        return _done(_step(step), piece)
    except RelaionError as e:
        return e


@lru_cache(1)
def _step(path: Path) -> SeekStep:
    found = unpacked(path.read_text(encoding="ascii"))
    if not isinstance(found, SeekStep):
        raise TypeError(f"a step, not {type(found).__name__}")
    return found


def _done(step: SeekStep, piece: Path) -> PieceFound:
    given = unpacked(piece.read_text(encoding="ascii"))
    if not isinstance(given, tuple):
        raise TypeError(f"what a piece is of, not {type(given).__name__}")
    extents: list[Extent] = []

    def tell(word: tuple[Any, ...]) -> None:
        if word[0] == "done":
            extents.append(word[1])

    limits = step.limits
    with connect(threads=limits.threads, memory=limits.find_memory, temp=step.work) as engine:
        seeker = Seeker(engine, step.work, step.version, limits.threads, {}, tell)
        for table, (columns, path) in step.tables.items():
            engine.view_files([path], table, columns)
        found = step.do(seeker, *given)
        extent = sum(extents, NOTHING)
        if not step.leaves:
            return PieceFound(None, "", int(found), extent, seeker.sealed)
        # a try that was given up for lost may write on: no other one writes this file
        own = piece.with_name(f"{piece.stem}-{secrets.token_hex(8)}.parquet")
        engine.write_parquet(found, own)
        return PieceFound(own, file_sha256(own), 0, extent, seeker.sealed)
