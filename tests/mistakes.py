"""Mistakes in calling the command line, and what the one line about each must say."""

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LINK = "https://pic.listed.example/cat.jpg"
MD5 = "9a0364b9e99bb480dd25e1f0284c8555"

# arguments, what stderr says of them; where no command is named, stdout shows the help
MISTAKES: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "no command named; choose one, such as `relaion demo`"),
    (("lists",), "no command named; choose one, such as `relaion lists show"),
    (
        ("inspect",),
        "inspect: missing argument 'PATH...' (Parquet files, folders of them, or glob patterns, ",
    ),
    (("sql",), "sql: missing argument 'OUT|PATH...' (The folder that `clean` wrote"),
    (("link",), "link: missing argument 'URL...'"),
    (("lists", "add"), "lists add: missing argument 'FILE...'"),
    (("verfy",), "no such command 'verfy'. Did you mean 'verify'? See `relaion --help`"),
    (("list", "show"), "Did you mean 'lists'?"),
    (("lists", "shwo"), "Did you mean 'show'? See `relaion lists --help`"),
    (("help",), "no such command 'help'. See `relaion --help`"),
    (("clean", "data"), "clean: missing option '--lists'"),
    (("clean", "data", "--lists", "x"), "clean: missing option '--out'"),
    (("clean", "data", "--lst", "x"), "--lst; did you mean --lists? See `relaion clean --help`"),
    (("clean", "data", "--OUT", "x"), "--OUT; did you mean --out?"),
    (("match", "data", "--sidcars=x"), "did you mean --sidecar?"),
    (("update", "OUT", "--shards", "1/2"), "--shards; it is an option of `relaion clean`. See"),
    (("match", "data", "--cover", "2"), "`relaion update` and `relaion plan`. See"),
    (("--versoin",), "did you mean --version?"),
    (("--json", "scripts"), "no such option: --json; write it after the command"),
    (("-z",), "no such option: -z"),
    (("clean", "data", "--out"), "'--out' requires an argument"),
    (("scripts", "--check=yes"), "'--check' does not take a value"),
    (("scripts", "one", "two"), "files are only for checking"),
    (("clean", "d", "--lists", "l", "--workers", "0"), "write a number of at least 1 (How"),
    (("match", "d", "--lists", "l", "--workers=two"), "'--workers': write a whole number ("),
    (("demo", "--rows", "0"), "invalid value for '--rows'"),
    (("demo", "--seed", "x"), "invalid value for '--seed'"),
    (("lists", "withdraw", "x", "--lists", "l"), "'ID': write a whole number (The"),
    (("match", "d", "--lists", "l", "--time-limit=x"), "'--time-limit': write a number ("),
    (("verify", os.devnull), f"{os.devnull}: is not a folder; name the OUT of a finished run"),
    (("verify", "."), "holds neither manifest.json nor audit.duckdb, so `clean` did not write it"),
    (
        ("lists", "add", "f", "--lists", "l", "--source", "s", "--received", "26.03.2024"),
        "--received 26.03.2024: write a day as YYYY-MM-DD, such as 2024-03-26",
    ),
    (("inspect", "data", "--column", "url"), "--column url: write it as role=name"),
    (("inspect", ""), "invalid value for 'PATH...': an empty path"),
    (("clean", "data", "--out="), "invalid value for '--out': an empty path"),
    (("clean", "data", "--lists", "l", "--out", "o", "--edition", ""), "empty path"),
    (("inspect", "nowhere"), "nowhere: no such file or folder"),
    (("clean", "nowhere", "--lists", "l", "--out", "o"), "nowhere: no such file or folder"),
    (("link", ""), "an empty link was given"),
    (("verify", "nowhere"), "nowhere: no such folder"),
    # what may be an entry of a list is not repeated, wherever it was pasted
    ((LINK,), "no such command '(not shown)'"),
    ((MD5,), "no such command '(not shown)'"),
    (("a cat\x1b[31m\non a mat",), "no such command '(not shown)'"),
    (("verify", "out", LINK), "extra argument(s) ((not shown))"),
    (("lists", "withdraw", LINK, "--lists", "l"), "invalid value for 'ID'"),
    (("demo", f"--rows={LINK}"), "invalid value for '--rows'"),
    (("link", f"--{LINK}"), "no such option"),
    (("lists", "show", f"--{MD5}=x"), "no such option"),
)  # fmt: skip


def faults(args: Sequence[str], says: str, code: int, out: str, err: str) -> list[str]:
    """What is wrong with how a mistake was answered."""
    found = []
    if code != 2:
        found.append(f"exit {code}")
    if err.count("\n") != 1 or not err.endswith("\n") or not err.startswith("relaion: "):
        found.append("not one line on stderr")
    if says not in err:
        found.append(f"does not say {says!r}")
    if ("Usage: relaion" in out) != ("no command named" in says):
        found.append(f"shows on stdout: {out[:80]!r}")
    if any(secret in out + err for secret in (LINK, "listed.example", MD5, "on a mat", "\x1b")):
        found.append("repeats what may be an entry")
    return [f"{' '.join(args)!r}: {text}: {err!r}" for text in found]


def clean_environment(temp: Path) -> Mapping[str, str]:
    """The environment with a temporary folder of its own, and no way to this checkout."""
    temp.mkdir()
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"TMPDIR": str(temp)}


def by_program(program: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> list[str]:
    """Faults of a program, called once for each mistake."""
    found = []
    for args, says in MISTAKES:
        done = subprocess.run(
            [*program, *args], cwd=cwd, env=env, capture_output=True, text=True, check=False
        )
        found += faults(args, says, done.returncode, done.stdout, done.stderr)
    return found


def by_module(python: str | Path, cwd: Path, env: Mapping[str, str]) -> list[str]:
    """Faults of `python -m relaion`, loaded once and forked for each mistake: 50 ms, not 700."""
    done = subprocess.run(
        [python, __file__], cwd=cwd, env=env, capture_output=True, text=True, check=True
    )
    answers = json.loads(done.stdout)
    pairs = zip(MISTAKES, answers, strict=True)
    return [fault for (args, says), answer in pairs for fault in faults(args, says, *answer)]


def _answer(args: Sequence[str], out: Path, err: Path) -> tuple[int, str, str]:
    child = os.fork()
    if child == 0:
        for path, number in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["relaion", *args]
        runpy.run_module("relaion", run_name="__main__", alter_sys=True)
        os._exit(99)  # the program ends by itself, always
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), out.read_text(), err.read_text()


if __name__ == "__main__":
    from relaion.cli import app

    with contextlib.redirect_stdout(io.StringIO()):
        app(["scripts"], standalone_mode=False)  # every child has what this loads
    answers = [_answer(args, Path("out.txt"), Path("err.txt")) for args, _ in MISTAKES]
    print(json.dumps(answers))
