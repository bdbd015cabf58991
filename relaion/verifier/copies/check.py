"""`verify` of a copy that `apply` cleaned: its promises, by other code than `apply` used.

Files are read again by plain readers, and a plain model says which of their records stay: those of
OUT always, those of the copy before where it is given.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from relaion.errors import InputError, OutputError
from relaion.parquet.columns import watched
from relaion.parquet.roles import Columns, overrides_of
from relaion.paths import file_sha256, shown
from relaion.verifier.copies.compare import FilePair, compare_files, compare_stats
from relaion.verifier.copies.counts import WRONG, CopyJob, check_counts
from relaion.verifier.copies.editions import played, read_edition
from relaion.verifier.copies.fates import (
    LINK,
    ROW,
    Against,
    Identities,
    IdentityTask,
    counted,
    identities_of,
    judge,
    leaving,
    read_sets,
    share_fates,
    stays,
)
from relaion.verifier.copies.records import bare_key
from relaion.verifier.copies.seconds import BEHIND_LINK, HOLDS, PACKED, UNREAD, seconds_of
from relaion.verifier.copies.statement import (
    NAMELESS,
    PARQUET,
    SAMPLES,
    STATS,
    STATS_END,
    CopyLine,
    CopyStatement,
    check_certificate,
    check_copy_stated,
    check_copy_tree,
    named_below,
    read_copy_statement,
)
from relaion.verifier.copies.unlooked import links_unlooked, refute, refute_of
from relaion.verifier.hands import Elsewhere, processes
from relaion.verifier.manifest import MANIFEST
from relaion.verifier.verdict import Notes, Verdict, count

COPY_PROMISES = {
    "1a": "no record stays that the diff names, or that the edition does not hold",
    "1b": "no other record is lost, and none is added",
    "2": "what stays is as it was: values and their order, lines and members byte for byte",
    "5": "OUT is whole: the files that its manifest states, and nothing else",
    "6": "every number can be recomputed: what went in, what it was held against, the counts",
}
_ROUND = 4_000_000  # records whose identities are held at once
_UNCOMPARED = "files that are missing or cannot be read were not compared"
_NOT_GIVEN = "the file of the copy is not the one that went in"


def verify_copy(
    out: Path,
    *,
    inputs: Sequence[Path] = (),
    diff: Path | None = None,
    keep: Sequence[Path] = (),
    old: Sequence[Path] = (),
    columns: Columns | None = None,
    certificate: Path | None = None,
    certified: Mapping[str, Any] | None = None,
    workers: int = 1,
    elsewhere: Elsewhere | None = None,
    strange: Sequence[str] = (),
    done: Callable[[int, int], object] = lambda files, rows: None,
) -> Verdict:
    """Check OUT against the diff or edition that it was cleaned with, and the copy before it.

    `certificate` is where that of OUT should lie, `certified` what it should say. `strange` are
    names of objects in an OUT of a store that no folder can hold. Raises InputError for an argument
    that cannot be read; whatever is wrong with OUT itself is a finding.
    """
    notes = Notes(titles=COPY_PROMISES)
    try:
        statement = read_copy_statement(out)
    except OutputError as e:
        notes.find("5", MANIFEST, str(e).removeprefix(f"{MANIFEST}: "))
        for promise in COPY_PROMISES.keys() - {"5"}:  # of that it was said
            notes.skip(promise, "OUT has no manifest that can be read")
        return notes.verdict(shown(out))
    if columns and overrides_of(columns) != overrides_of(statement.columns):
        notes.notice("the roles given with --column are not those of the run; the run's are used")
    check_copy_stated(statement, notes)
    if certificate is not None:
        check_certificate(certificate, statement, certified, notes)
    for name in strange:
        notes.find("5", name, "a file that is not stated")
    there = check_copy_tree(out, statement, notes)
    against = _against(out, statement, diff, keep, old, notes) if statement.known else None
    sources = _sources(statement, inputs, notes)
    with processes(min(workers, len(statement.outputs) or 1), elsewhere) as apply:
        job = CopyJob(out, statement, against, sources, apply, done, notes)
        _check_out(job, there)
        if sources:
            _check_inputs(job, there)
        check_counts(job)
    for sentence in refute(statement, named_below(inputs)[1] if inputs else None, notes):
        notes.leave_out(sentence)
    return notes.verdict(shown(out))


def verify_copy_telling(
    out: Path, *, tell: Callable[..., object], ended: Mapping[Path, str], **given: Any
) -> Verdict:
    """`verify_copy` for another process, which hears of the file read next, and of what is done."""
    with watched(tell, ended):
        return verify_copy(out, **given, done=lambda *told: tell(told))


# -- what it is held against -----------------------------------------------------------------------


def _against(
    out: Path,
    statement: CopyStatement,
    diff: Path | None,
    keep: Sequence[Path],
    old: Sequence[Path],
    notes: Notes,
) -> Against | None:
    stated = statement.against
    wanted = "diff" if "diff" in stated else "edition"
    if diff is None and not keep:
        for promise in ("1a", "1b"):
            option = "--diff" if wanted == "diff" else "--keep"
            notes.skip(promise, f"the {wanted} that OUT was cleaned with was not given ({option})")
        notes.limit("6", "counts by fate were not recomputed")
        return None
    if (diff is not None) != (wanted == "diff"):
        with_what, given, option = ("an edition", "diff", "--keep NEW")
        if wanted == "diff":
            with_what, given, option = ("a diff", "edition", "--diff DIFF")
        raise InputError(
            f"{shown(out)}: was cleaned with {with_what}, and with no {given}; give {option}"
        )
    if diff is not None:
        sets = read_sets(diff, statement.raw["key_version"])
        if file_sha256(diff) != stated["diff"]:
            _other(diff.name, "is not the diff that OUT was cleaned with", notes)
        elif sets is None:
            _other(diff.name, "cannot be read as a diff", notes)
        else:
            if sets.said != statement.raw["plan"]["against"]["diff"]["said"]:
                notes.find("6", MANIFEST, "says else of the diff than the diff itself")
            return Against(diff=sets)
        return None
    return _editions(statement, keep, old, notes)


def _editions(
    statement: CopyStatement, keep: Sequence[Path], old: Sequence[Path], notes: Notes
) -> Against | None:
    stated, named = statement.against, statement.columns
    new = read_edition(keep, named)
    if new.digest != stated["keep"]:
        _other("--keep", "is not the edition that OUT was cleaned with", notes)
        return None
    if "old" not in stated:
        return Against(new=new)
    if not old:
        why = "the set before was not given (--old)"
        notes.limit("1a", f"{why}: records that left it, of a link that stayed, cannot be told")
        notes.skip("1b", why)
        notes.limit("6", f"{why}: not all counts by fate were recomputed")
        return Against(new=new)
    before = read_edition(old, named)
    if before.digest != stated["old"]:
        _other("--old", "is not the set that OUT was cleaned with", notes)
        return None
    return Against(new=new, old=before)


def _other(where: str, what: str, notes: Notes) -> None:
    notes.find("6", where, what)
    for promise in ("1a", "1b"):
        notes.skip(promise, f"{shown(where)} {what}")


def _sources(statement: CopyStatement, inputs: Sequence[Path], notes: Notes) -> Mapping[str, Path]:
    """The files of the copy before, by their names below OUT; those that are not them are told."""
    if not inputs:
        for promise in ("1b", "2"):
            notes.skip(promise, "the copy before was not given (--inputs)")
        notes.limit("6", "records that left were not recomputed")
        return {}
    found, beside = named_below(inputs)
    stats = {name: x for name, x in statement.outputs.items() if x.form == STATS}
    for name in sorted(found.keys() - statement.inputs.keys() - stats.keys()):
        if not name.lower().endswith(STATS_END):
            notes.find("1b", name, "a file of the copy that OUT does not have")
    told = {name for name in found.keys() & stats if stats[name].source is not None}
    others = {name for name in told if file_sha256(found[name]) != stats[name].source}
    for name in sorted(others):
        notes.find("6", name, _NOT_GIVEN)
    given = {name: path for name, path in found.items() if name in stats.keys() - others}
    given |= _same(statement.inputs, found, notes)
    many = f"{count(beside, 'file')} of another form ("
    if beside and not any(x.startswith(many) for x in statement.not_looked_at):
        _untold(MANIFEST, "files of another form", notes)
    return given


def _same(
    inputs: Mapping[str, CopyLine], found: Mapping[str, Path], notes: Notes
) -> dict[str, Path]:
    """Those files of the copy before that went in; of others nothing is compared."""
    there = inputs.keys() & found.keys()
    if len(there) < len(inputs):
        for promise in ("1b", "2", "6"):
            notes.limit(promise, "not all files of the copy before were given")
    same = {n: found[n] for n in there if file_sha256(found[n]) == inputs[n].sha256}
    others = sorted(there - same.keys())
    for name in others:
        notes.find("6", name, _NOT_GIVEN)
    for promise in ("1b", "2") if others else ():
        say = notes.limit if same else notes.skip
        say(promise, f"of {count(len(others), 'file')} another one was given than went in")
    return same


def _untold(where: str, what: str, notes: Notes) -> None:
    notes.find("6", where, f"{what}: not named as not looked at")


# -- records ---------------------------------------------------------------------------------------


def _check_out(job: CopyJob, there: Sequence[str]) -> None:
    """Every record of OUT, whatever else was given."""
    lines = {n: job.statement.outputs[n] for n in there if n in job.statement.inputs}
    if len(lines) < len(job.statement.inputs):
        (job.notes.limit if lines else job.notes.skip)("2", _UNCOMPARED)
    _check_roles(job, {n: job.sources.get(n, job.out / n) for n in lines})
    for files in _rounds(job, {name: (job.out / name, line) for name, line in lines.items()}):
        for name, ids, codes, twins in files:
            if ids is None:
                job.notes.unreadable(name)
                job.notes.limit("2", _UNCOMPARED)
                job.is_read = False
                continue
            if len(ids) != lines[name].records:
                job.notes.find("6", name, "holds another number of records than is stated")
            _check_behind(job, name, ids.behind)
            if codes is None:
                continue
            job.stayed.update(_counted(codes, twins))
            for fate, n in counted(codes):
                if not stays(fate, job.statement):
                    said = f"{count(n, 'record', 'stands')} there {WRONG[fate]}"
                    job.notes.find("1a", name, said)
            job.done(1, len(ids))


def _check_roles(job: CopyJob, files: Mapping[str, Path]) -> None:
    """The columns that the manifest says rows are known by are those that these files tell."""
    for name, path in files.items():
        line = job.statement.inputs[name]
        if line.form != PARQUET:
            continue
        try:
            found = played(path, job.statement.columns)
        except InputError:
            continue  # said of it already
        if found is not None and found != dict(line.columns):
            what = "its rows are known by other columns than the manifest states"
            job.notes.find("6", name, what)


def _check_inputs(job: CopyJob, there: Sequence[str]) -> None:
    """Every record of the copy before: what leaves, and whether OUT is the rest."""
    if not job.tells_all:
        job.notes.skip("2", "what should have left cannot be told")
        return
    lines = job.statement.inputs
    given = {n: (job.sources[n], lines[n]) for n in lines if n in job.sources}
    for files in _rounds(job, given):
        pairs: list[FilePair] = []
        gone: dict[str, pa.Array] = {}
        samples: dict[str, set[str]] = {}
        for name, ids, codes, twins in files:
            if ids is None or codes is None:
                job.notes.find("6", name, "the file of the copy cannot be read")
                job.is_read = False
                continue
            if len(ids) != lines[name].records:
                job.notes.find("6", name, "had another number of records than is stated")
            _check_told(job, name, codes)
            some = _counted(codes, twins)
            job.left.update({x: n for x, n in some.items() if not stays(x[0], job.statement)})
            gone[name] = leaving(codes, job.statement)
            job.doubted += ids.doubted * (ROW in job.statement.by)
            job.several += ids.several * (ROW in job.statement.by)
            job.alone += ids.alone(job.statement) * (ROW in job.statement.by)
            if lines[name].form == SAMPLES:
                samples[lines[name].stem] = {bare_key(k) for k in ids.keys or () if k is not None}
            if name in there:
                path = job.sources[name]
                line, named = lines[name], _named(job.statement)
                pairs.append(FilePair(path, job.out / name, line, named, gone[name]))
            job.done(1, len(ids))
        for notes in job.apply(compare_files, pairs):
            job.notes.add(notes)
        _check_stats(job, gone, samples, there)


def _check_told(job: CopyJob, name: str, codes: pa.Array) -> None:
    """The manifest names whatever of a file was not looked at, and nothing that is not so."""
    told = [x for x in job.statement.not_looked_at if x.startswith(f"{shown(name)}: ")]
    _check_seconds(job, name, told)
    fates = {fate for fate, _ in counted(codes)}
    if fates == {NAMELESS} and not any("no row of it has an identity" in x for x in told):
        _untold(name, "a file of which no row has an identity", job.notes)
    of = (job.sources[name], job.statement.inputs[name])
    try:
        refute_of(*of, told, fates, job.notes)
        columns = links_unlooked(*of, job.statement.columns)
    except InputError:
        return  # said of it already
    for column in columns:
        if not any(top in x for x in told for top in (column, column.partition(".")[0])):
            _untold(name, "a column of links that plays no role", job.notes)


def _check_seconds(job: CopyJob, name: str, told: Sequence[str]) -> None:
    """What the manifest says of links at a second place of records is what stands there."""
    line = job.statement.inputs[name]
    if line.form == PARQUET:
        return
    try:
        found = seconds_of(job.sources[name], line, job.statement.columns)
    except InputError:
        return  # said of it already
    rests = (x.removeprefix(f"{shown(name)}: ") for x in told)
    said = [rest for rest in rests if rest.startswith((HOLDS, PACKED, UNREAD))]
    if found is not None and found != said:
        what = "links at a second place of its records are not told as they stand there"
        job.notes.find("6", name, what)


def _check_behind(job: CopyJob, name: str, n: int) -> None:
    """What the manifest says of links behind those of a parquet file's rows stands in OUT."""
    if job.statement.inputs[name].form == PARQUET:
        head = f"{shown(name)}: {HOLDS}"
        said = [x for x in job.statement.not_looked_at if x.startswith(head)]
        if said != [f"{head}{BEHIND_LINK} ({n:,})"] * (n > 0):
            job.notes.find("6", name, "links behind its own are not told as they stand there")


def _check_stats(
    job: CopyJob,
    gone: Mapping[str, pa.Array],
    samples: Mapping[str, Collection[str]],
    there: Sequence[str],
) -> None:
    """Counts of shards beside these files: of the rows of a parquet file, or else of samples."""
    stems = {line.stem: n for n, line in job.statement.inputs.items() if line.form == SAMPLES}
    stems |= {line.stem: n for n, line in job.statement.inputs.items() if line.form == PARQUET}
    for name, line in job.statement.outputs.items():
        of = stems.get(line.stem, "")
        if line.form != STATS or name not in there or name not in job.sources or of not in gone:
            continue
        rows = job.sources[of] if job.statement.inputs[of].form == PARQUET else None
        keys = samples.get(line.stem)
        wrong = compare_stats(job.sources[name], job.out / name, rows, keys, gone[of])
        if wrong:
            job.notes.find("2", name, wrong)


def _named(statement: CopyStatement) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(statement.columns.items()))


Judged = tuple[str, Identities | None, pa.Array | None, pa.Array | None]
"""A file, its records, their fates, and which of them are samples whose rows are there, too."""


def _counted(codes: pa.Array, twins: pa.Array | None) -> Counter[tuple[str, bool]]:
    """How many records have which fate, those apart whose rows are counted."""
    twins = pa.repeat(pa.scalar(False), len(codes)) if twins is None else twins
    masks = ((False, pc.invert(twins)), (True, twins))
    return Counter({(f, is_twin): n for is_twin, m in masks for f, n in counted(codes.filter(m))})


def _rounds(job: CopyJob, files: Mapping[str, tuple[Path, CopyLine]]) -> Iterator[list[Judged]]:
    """Files with the fates of their records, so many at once as memory takes."""
    held: list[list[str]] = []
    records = 0
    for pair in job.statement.pairs:
        names = [name for name in pair if name in files]
        if not names:
            continue
        n = sum(files[name][1].records or 0 for name in names)
        if held and records + n > _ROUND:
            yield _round(job, held, files)
            held, records = [], 0
        held.append(names)
        records += n
    if held:
        yield _round(job, held, files)


def _round(
    job: CopyJob, pairs: Sequence[Sequence[str]], files: Mapping[str, tuple[Path, CopyLine]]
) -> list[Judged]:
    against, statement = job.against, job.statement
    by_link = against is not None and LINK in statement.by
    salt = against.salt if against else b""
    tasks = [
        IdentityTask(path, replace(line, columns=statement.inputs[name].columns),
                     _named(statement), salt, by_link)
        for pair in pairs for name in pair for path, line in [files[name]]
    ]  # fmt: skip
    names = [name for pair in pairs for name in pair]
    found = dict(zip(names, job.apply(identities_of, tasks), strict=True))
    known = {name: ids for name, ids in found.items() if ids is not None}
    if against is None:
        return [(name, ids, None, None) for name, ids in found.items()]
    fates = judge(list(known.values()), against, statement, job.apply)
    codes = dict(zip(known, fates, strict=True))
    twins: dict[str, pa.Array] = {}
    for pair in pairs:
        both = [name for name in pair if name in codes]
        if len(both) > 1 or (both and statement.inputs[both[0]].form == SAMPLES):
            shared = share_fates([(known[n], codes[n]) for n in both], statement)
            codes |= zip(both, shared, strict=True)
        kinds = {statement.inputs[name].form: name for name in both}
        if {PARQUET, SAMPLES} <= set(kinds):
            rows = {bare_key(k) for k in known[kinds[PARQUET]].keys or () if k is not None}
            keys = known[kinds[SAMPLES]].keys or ()
            flags = [key is not None and bare_key(key) in rows for key in keys]
            twins[kinds[SAMPLES]] = pa.array(flags, pa.bool_())
    return [(name, ids, codes.get(name), twins.get(name)) for name, ids in found.items()]
