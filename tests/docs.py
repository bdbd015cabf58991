"""Write the generated parts of the documentation: `poe docs`. Tests compare them."""

from relaion import sqlset


def main() -> None:
    """Write what is generated."""
    (sqlset.sql_root() / "README.md").write_text(sqlset.index(), encoding="utf-8")


if __name__ == "__main__":
    main()
