"""Promise 1a on an output by itself: does it hold a row that should not be there?"""

from collections import Counter

from relaion.errors import InputError
from relaion.verifier.model import judge
from relaion.verifier.rows import role_rows
from relaion.verifier.task import OutputTask, ShardTask, survivors
from relaion.verifier.verdict import Notes, count


def check_kept(task: ShardTask, output: OutputTask, notes: Notes) -> None:
    """Find kept rows that a list or a rule of the edition names."""
    if output.roles is None:
        return  # its file is a finding already
    found: Counter[str] = Counter()
    try:
        for rows in role_rows(output.path, output.roles, set(output.roles)):
            found += survivors(task, output.edition, judge(rows, task.known, task.rules))
    except InputError:
        notes.unreadable(output.where)
    tell_kept(found, output, notes)


def tell_kept(found: Counter[str], output: OutputTask, notes: Notes) -> None:
    """One finding for each reason."""
    for words, n in found.items():
        notes.find("1a", output.where, f"{count(n, 'kept row', 'is')} {words}")
