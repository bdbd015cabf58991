"""`python -m relaion`."""

from relaion.cli import main

if __name__ == "__main__":
    main()
