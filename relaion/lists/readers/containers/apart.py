"""Tables that native libraries read, read in a process of its own: `python -m` this module.

A damaged file can end the process that reads it, or ask for all memory. Then that process is gone,
and the delivery is refused in one line. It is told what to read through its standard input, and
answers with lines of JSON: blocks of csv, notices, and at the end how it ended.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from relaion.errors import ListError
from relaion.lists.readers.documents.document import ListDocument
from relaion.lists.readers.format import Options
from relaion.lists.readers.tables.columnar import ARROW_STREAM_TABLE, ARROW_TABLE, PARQUET_TABLE
from relaion.lists.readers.tables.rows import TableSource, as_csv
from relaion.lists.readers.tables.sheets import ODS, XLSX
from relaion.processes import serve_parent

MEMORY = 4 << 30  # bytes that a library may take; lists of any size are read in far less
NATIVE: Sequence[TableSource] = (PARQUET_TABLE, ARROW_TABLE, ARROW_STREAM_TABLE, XLSX, ODS)
_ENDED = (
    "what reads such files ended or ran out of memory, as with files that are damaged; fetch it "
    "again, or export the list as csv"
)


def csv_apart(table: TableSource, document: ListDocument, options: Options) -> Iterator[str]:
    """Rows of a table as csv, as `as_csv` has them; raises ListError, without the file's name."""
    if document.raw is None:
        raise ListError(_ENDED)
    path = os.fsencode(str(document.raw().name)).decode("utf-8", "surrogateescape")
    asked = {
        "table": table.name, "path": path, "name": document.file_name, "head": document.head,
        "options": {
            "member": options.member, "kind": options.kind, "role": options.role,
            "ignore": sorted(options.ignore), "columns": dict(options.columns),
        },
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "relaion.lists.readers.containers.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise ListError(_ENDED)
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asked).encode())
            process.stdin.close()
        yield from _answers(process.stdout, document)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _answers(said: IO[bytes], document: ListDocument) -> Iterator[str]:
    """What the process says, to its last word; raises ListError where that is an error."""
    for line in said:
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:  # it ended within a line
            break
        if "csv" in answer:
            yield answer["csv"]
        elif "error" in answer:
            raise ListError(answer["error"])
        else:
            document.notices.extend(answer["notices"])
            return
    raise ListError(_ENDED)


def answers(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What to say to who asks for a table."""
    table = next(t for t in NATIVE if t.name == asked["table"])
    path = Path(os.fsdecode(asked["path"].encode("utf-8", "surrogateescape")))

    def from_start() -> BinaryIO:
        return path.open("rb")

    document = ListDocument(asked["name"], asked["head"], from_start, raw=from_start)
    said = asked["options"]
    options = Options(**{**said, "ignore": frozenset(said["ignore"])})
    try:
        for block in as_csv(table.rows(document, options)):
            yield {"csv": block}
    except ListError as e:
        yield {"error": str(e)}
    except (MemoryError, OSError):
        yield {"error": _ENDED}
    else:
        yield {"notices": document.notices}


def _serve() -> None:
    serve_parent()
    with suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
    for answer in answers(json.loads(sys.stdin.buffer.read())):
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
