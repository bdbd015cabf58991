"""`relaion`, and `python -m relaion`."""

from relaion.processes import hold_streams


def main() -> None:
    """Run the command line, which loads libraries that open files: after the streams are held."""
    hold_streams()
    from relaion.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
