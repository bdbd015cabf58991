"""`relaion`, and `python -m relaion`."""

import signal

from relaion.processes import hold_streams


def main() -> None:
    """Run the command line, which loads libraries that open files: after the streams are held."""
    hold_streams()
    # libraries take a second to load: who presses Ctrl-C meanwhile ends it without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from relaion.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
