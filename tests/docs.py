"""Write the generated parts of the documentation: `poe docs`. Tests compare them."""

from relaion import scripts


def main() -> None:
    """Write what is generated."""
    (scripts.sql_root() / "README.md").write_text(scripts.index(), encoding="utf-8")


if __name__ == "__main__":
    main()
