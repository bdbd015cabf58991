"""`relaion`, and `python -m relaion`."""

import sys

from relaion.processes import end_at_once, hold_streams, on_signals

# commands that have a worker, which loads its libraries while this process loads those of its own
HAVE_A_WORKER = frozenset(
    {"apply", "clean", "demo", "diff", "inspect", "match", "merge", "plan", "update", "verify"}
)
_HAVE_NONE = frozenset({"-h", "--help", "--purge"})


def main() -> None:
    """Run the command line, which loads libraries that open files: after the streams are held."""
    on_signals(end_at_once)  # loading takes a second, and there is nothing yet to put in order
    hold_streams()
    if sys.argv[1:2] and sys.argv[1] in HAVE_A_WORKER and _HAVE_NONE.isdisjoint(sys.argv):
        from relaion.run.process import start_early  # noqa: PLC0415

        start_early()
    from relaion.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
