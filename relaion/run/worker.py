"""A worker process: takes tasks as lines of JSON, answers each with one line of JSON.

Started as `python -P -m relaion.run.worker WORK`. Nothing of a task stands in its arguments
or environment. It ends when its parent does, so that no orphan goes on writing.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from relaion.errors import ListError, OutputError, RelaionError, ScriptError
from relaion.paths import shown
from relaion.processes import serve_parent
from relaion.run.findtask import FindTask, run_find
from relaion.run.process import LOG
from relaion.run.rewrite import run_task
from relaion.run.task import Task

MORE = "give more with --memory, or take fewer --workers"


def answer(line: str, log: Path) -> dict[str, object]:
    """Do one task; an unknown error is named by class and place, its text stays private.

    `fatal` says that the fault is not this shard's: the next task of a search cannot go well.
    """
    task = FindTask.from_json(line) if FindTask.is_one(line) else Task.from_json(line)
    error = None
    fatal = False
    try:
        if isinstance(task, FindTask):
            run_find(task)
        else:
            run_task(task)
    except RelaionError as e:
        error, fatal = str(e), isinstance(e, ListError | ScriptError | OutputError)
    except MemoryError:
        error = f"{task.named}: ran out of memory; {MORE}"
    except OSError as e:
        where = task.named if e.filename is None else shown(e.filename)
        error = f"{where}: {e.strerror or type(e).__name__}"
    except Exception as e:  # the one place where a bug in a task must not end the run
        keep(log)
        place = traceback.extract_tb(e.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        error = f"{task.named}: {type(e).__name__} in {where}; details in {log}"
    return {"error": error, "fatal": fatal}


def keep(log: Path) -> None:
    """Add the current exception to a file that only its owner can read."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as f:
        f.write(traceback.format_exc() + "\n")


def main() -> None:
    """Serve tasks until stdin ends."""
    os.umask(0o077)
    serve_parent()
    log = Path(sys.argv[1]) / LOG
    answers, sys.stdout = sys.stdout, sys.stderr  # what else is printed may not pass for one
    for line in sys.stdin:
        print(json.dumps(answer(line, log)), file=answers, flush=True)


if __name__ == "__main__":
    main()
