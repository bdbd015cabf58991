"""`relaion`, and `python -m relaion`."""

from relaion.processes import end_at_once, hold_streams, on_signals


def main() -> None:
    """Run the command line, which loads libraries that open files: after the streams are held."""
    on_signals(end_at_once)  # loading takes a second, and there is nothing yet to put in order
    hold_streams()
    from relaion.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
