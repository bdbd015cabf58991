"""What a worker process runs: `python -P -m relaion.run.worker_process SOCKET`."""

from relaion.processes import keep_pandas_out


def main() -> None:
    """Serve tasks, with no library loaded that has no use here."""
    keep_pandas_out()
    from relaion.run.worker import main as serve  # noqa: PLC0415

    serve()


if __name__ == "__main__":
    main()
