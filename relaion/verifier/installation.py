"""Are scripts, link keys and editions of the run those of this installation?"""

from collections.abc import Mapping
from importlib.metadata import version

from relaion.errors import RelaionError
from relaion.links import KEY_VERSION
from relaion.parquet.overrides import Columns, overrides_of
from relaion.paths import shown
from relaion.sqlset import Script
from relaion.sqlset import load as load_scripts
from relaion.verifier.statement import MANIFEST, Statement
from relaion.verifier.verdict import Notes


def check_installation(statement: Statement, notes: Notes) -> None:
    """Notices where this installation has other scripts, or makes other link keys."""
    if statement.key_version != KEY_VERSION:
        notes.notice(
            f"the run made link keys of version {statement.key_version}, "
            f"this relaion makes version {KEY_VERSION}"
        )
    try:
        ours = load_scripts(statement.sql_version)
    except RelaionError as e:
        notes.notice(f"the scripts of the run are not here: {e}")
        return
    digests = {f"{name}.sql": script.sha256 for name, script in ours.items()}
    _check_editions(statement, {s.name: s for s in ours.values()}, notes)
    for edition in statement.editions:
        name = f"editions/{edition.name.replace('-', '_')}.sql"
        is_other = f"editions/{edition.script}" != name
        if edition.builtin and (is_other or statement.scripts.get(name) != edition.sha256):
            said = f"states another script of {shown(edition.name)} than among its scripts"
            notes.find("6", MANIFEST, said)
    if statement.raw["relaion"] == version("relaion") and statement.scripts != digests:
        notes.find("6", MANIFEST, "states other SQL scripts than this version of relaion has")
    other = sorted(n for n, sha256 in statement.scripts.items() if digests.get(n) != sha256)
    if other:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        notes.notice(
            f"sql/{shown(statement.sql_version)}/{shown(other[0])}{more}: the run had another text "
            "than this installation; read it there before trusting its name"
        )


def _check_editions(statement: Statement, ours: Mapping[str, Script], notes: Notes) -> None:
    """A built-in edition is what its script says, where that is the script of the run."""
    for edition in statement.editions:
        script = ours.get(edition.name.replace("-", "_"))
        if not edition.builtin or script is None or script.sha256 != edition.sha256:
            continue
        parts = (("labels", edition.labels), ("rules", edition.rules), ("parent", {edition.below}))
        for part, stated in parts:
            written = {word.strip() for word in ",".join(script.values(part)).split(",")}
            if part == "parent":
                written = {word.replace("_", "-") for word in written}
            if written != stated:
                said = f"states other {part} of {shown(edition.name)} than its script"
                notes.find("6", MANIFEST, said)


def same_columns(statement: Statement, columns: Columns | None, notes: Notes) -> None:
    """A notice when other column roles were given than the run had; the run's are used."""
    if columns is not None and overrides_of(columns) != overrides_of(statement.parameters.columns):
        notes.notice("the roles given with --column are not those of the run; the run's are used")
