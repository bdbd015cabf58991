"""OUT of `apply` and of `diff` in a store: as of this machine, whole or not at all, resumed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import relaion
from relaion.errors import BusyError, InputError, OutputError, RelaionError
from relaion.remote import remote_url
from relaion.remote.claim import CLAIM, take_claim
from relaion.remote.stores import objects_at
from tests import labs
from tests.pipeline import Sent, add_lists, here, write_shard
from tests.remote_world import BUCKET, SECRET, S3World
from tests.test_remote_labs import below, said

pytestmark = pytest.mark.usefixtures("in_process")
OUT = f"s3://{BUCKET}/lab/clean"
CERTIFICATE = "clean.certificate.json"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, in_process: None) -> labs.Lab:
    """Two sets, a copy in every form, a diff, and what `apply` makes of them here."""
    made = labs.make(tmp_path_factory.mktemp("lab"))
    top = made.copy.parent
    relaion.diff(made.old, made.new, top / "diff.parquet")
    relaion.apply(made.copy, top / "local", diff=top / "diff.parquet")
    return made


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relaion.remote.asking.FIRST_WAIT", 0.001)


@pytest.fixture
def store(s3: S3World) -> S3World:
    """The S3 of a test, with nothing where these put."""
    for name in objects(s3):
        s3.client.delete_object(Bucket=BUCKET, Key=f"lab/{name}")
    s3.forget()
    return s3


def objects(s3: S3World) -> dict[str, bytes]:
    found = s3.client.list_objects_v2(Bucket=BUCKET, Prefix="lab/").get("Contents", ())
    keys = [each["Key"] for each in found]
    return {
        key.removeprefix("lab/"): s3.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        for key in keys
    }


def apply(lab: labs.Lab, work: Path, **more: Any) -> Any:
    given: dict[str, Any] = {"diff": lab.copy.parent / "diff.parquet", "work": work}
    return relaion.apply(lab.copy, OUT, **given | more)


def same_as_local(lab: labs.Lab, store: S3World) -> None:
    """The objects are the files that a folder of this machine holds, but for times."""
    found, local = objects(store), lab.copy.parent / "local"
    files = {name.removeprefix("clean/"): data for name, data in found.items() if "/" in name}
    made = json.loads(files.pop("manifest.json"))
    assert files == below(local)
    theirs = json.loads((local / "manifest.json").read_text())
    for each in (made, theirs):
        del each["started"], each["finished"]
        for line in each["outputs"]:  # a link takes no room here; there all is put
            del line["how"]
    assert made == theirs
    assert "certificate" in json.loads(found[CERTIFICATE])
    assert {*found} == {CERTIFICATE, "clean/manifest.json", *(f"clean/{name}" for name in files)}


def test_a_cleaned_copy_in_a_store_is_that_of_a_folder(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    """Repeated, it does nothing; what is lost of it is seen."""
    done = apply(lab, tmp_path)
    assert (str(done.out), str(done.certificate)) == (OUT, f"s3://{BUCKET}/lab/{CERTIFICATE}")
    same_as_local(lab, store)
    assert not [*tmp_path.iterdir()]
    by: dict[str, Any] = {"inputs": lab.copy, "diff": lab.copy.parent / "diff.parquet"}
    verdict = relaion.verify(OUT, work=tmp_path, **by)
    assert {o.state for o in verdict.outcomes} == {"held"}
    assert not [n for n in verdict.notices if "certificate" in n]
    store.forget()
    assert apply(lab, tmp_path).done_before
    assert not [a for a in store.asked if a.startswith(("PUT", "DELETE"))]
    store.client.delete_object(Bucket=BUCKET, Key=f"lab/{CERTIFICATE}")
    assert apply(lab, tmp_path).done_before
    same_as_local(lab, store)
    with pytest.raises(InputError, match="holds a finished run with other arguments"):
        apply(lab, tmp_path, by="link")
    name = next(name for name in objects(store) if name.endswith(".tar"))
    strays = ["more.txt", "//b.txt", "text//c.parquet", "d/../e.txt", "f/"]  # no folder has most
    for stray in strays:
        store.put(f"lab/clean/{stray}", b"x")
    store.put(f"lab/{name}", b"another".ljust(len(objects(store)[name])))
    found = {f.where for f in relaion.verify(OUT, work=tmp_path, **by).findings}
    assert {*strays, name.removeprefix("clean/")} <= found
    for stray in strays[1:]:
        store.client.delete_object(Bucket=BUCKET, Key=f"lab/clean/{stray}")
    store.client.delete_object(Bucket=BUCKET, Key=f"lab/{name}")
    with pytest.raises(OutputError, match="is missing or another file"):
        apply(lab, tmp_path)


@pytest.mark.slow
def test_a_copy_goes_on_where_a_store_broke_off(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    """Files that were put are not put again; no manifest is there before all are."""
    seen: list[str] = []

    def fault(environ: dict[str, Any]) -> tuple[int, str] | None:
        if environ["PATH_INFO"].endswith(CLAIM):
            return None
        if environ["REQUEST_METHOD"] == "PUT":
            seen.append(environ["PATH_INFO"])
        return (400, "ExpiredToken") if len(seen) > 2 else None

    store.fault = fault
    with pytest.raises(RelaionError) as refused:
        apply(lab, tmp_path, workers=1)
    store.fault = None
    assert "expired" in str(refused.value)
    assert SECRET not in str(refused.value)
    there = objects(store)
    assert "clean/manifest.json" not in there
    assert json.loads(there[f"clean/{CLAIM}"])["goes_on"] is False
    with pytest.raises(OutputError, match="holds an unfinished run"):
        apply(lab, tmp_path / "other")
    with pytest.raises(InputError, match="interrupted run of `relaion apply`"):
        _clean_there(lab, tmp_path)
    store.forget()
    apply(lab, tmp_path)
    put = [a for a in store.asked if a.startswith("PUT")]
    assert not [a for a in put for name in seen[:2] if a.endswith(name)]
    same_as_local(lab, store)


def _clean_there(lab: labs.Lab, work: Path) -> None:
    lists = work.parent / f"{work.name}-lists.duckdb"
    listed = work.parent / f"{work.name}.txt"
    listed.write_text("https://listed.example/x.jpg\n")
    relaion.lists.add(lists, [listed], source="A")
    relaion.clean(lab.old, lists, OUT, work=work)


@pytest.mark.slow
def test_what_a_broken_copy_put_is_purged(store: S3World, lab: labs.Lab, tmp_path: Path) -> None:
    store.fault = _no_manifest
    with pytest.raises(RelaionError):
        apply(lab, tmp_path)
    store.fault = None
    assert len(objects(store)) > 2
    assert relaion.purge(OUT, work=tmp_path).removed
    assert objects(store) == {}
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_a_claim_that_may_not_be_removed_is_told_until_it_is(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    """Its owner is known in the folder of this run alone, which stays as long."""
    store.fault = lambda environ: (
        (403, "AccessDenied") if environ.get("QUERY_STRING", "").startswith("delete") else None
    )
    for _ in range(2):
        with pytest.raises(OutputError, match="these credentials do not permit it"):
            apply(lab, tmp_path)
    store.fault = None
    assert {f"clean/{CLAIM}", "clean/manifest.json"} <= {*objects(store)}
    assert apply(lab, tmp_path).done_before
    same_as_local(lab, store)
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_a_certificate_that_could_not_be_put_is_put_when_the_command_is_repeated(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    store.fault = lambda environ: (
        (403, "AccessDenied")
        if environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].endswith(CERTIFICATE)
        else None
    )
    with pytest.raises(RelaionError, match=CERTIFICATE):
        apply(lab, tmp_path)
    store.fault = None
    assert apply(lab, tmp_path).done_before
    same_as_local(lab, store)
    assert not [*tmp_path.iterdir()]


def _no_manifest(environ: dict[str, Any]) -> tuple[int, str] | None:
    return (403, "AccessDenied") if environ["PATH_INFO"].endswith("/manifest.json") else None


def test_two_runs_and_strangers_are_refused(store: S3World, lab: labs.Lab, tmp_path: Path) -> None:
    held = take_claim(objects_at(remote_url(OUT)), "somebody else")
    with pytest.raises(BusyError, match="another run"):
        apply(lab, tmp_path)
    held.drop()
    store.put("lab/clean/mine.txt", b"x")
    with pytest.raises(OutputError, match=r"is not empty.*mine\.txt"):
        apply(lab, tmp_path)
    store.client.delete_object(Bucket=BUCKET, Key="lab/clean/mine.txt")
    store.put(f"lab/{CERTIFICATE}", b"no certificate")
    with pytest.raises(InputError, match="is there and no certificate"):
        apply(lab, tmp_path)
    with pytest.raises(InputError, match="--certificate: is written to a file of this machine"):
        apply(lab, tmp_path, certificate=f"s3://{BUCKET}/c.json")
    with pytest.raises(InputError, match="inputs are never modified"):
        relaion.apply(f"s3://{BUCKET}/lab", OUT, keep=lab.new, work=tmp_path)
    assert {*objects(store)} == {CERTIFICATE}
    store.client.delete_object(Bucket=BUCKET, Key=f"lab/{CERTIFICATE}")
    store.put("lab/clean", b"x")
    with pytest.raises(OutputError, match="lab/clean: is an object, and no folder"):
        apply(lab, tmp_path)
    assert {*objects(store)} == {"clean"}
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_a_name_that_folders_hide_is_put_and_checked(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    copy, diff = tmp_path / "_a b%20+.parquet", lab.copy.parent / "diff.parquet"
    copy.write_bytes((lab.copy / "laion/part.parquet").read_bytes())
    relaion.apply(copy, OUT, diff=diff, work=tmp_path / "work")
    assert f"clean/{copy.name}" in objects(store)
    verdict = relaion.verify(OUT, inputs=copy, diff=diff, work=tmp_path / "work")
    assert {o.state for o in verdict.outcomes} == {"held"}


# -- a diff --------------------------------------------------------------------------------------

DIFF = f"s3://{BUCKET}/lab/diffs/d.parquet"


def diff(lab: labs.Lab, work: Path) -> Any:
    return relaion.diff(lab.old, lab.new, DIFF, work=work)


@pytest.mark.slow
def test_a_diff_in_a_store_says_what_one_here_says(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    done = diff(lab, tmp_path / "work")
    found = objects(store)
    assert {*found} == {"diffs/d.parquet"}
    (tmp_path / "d.parquet").write_bytes(found["diffs/d.parquet"])
    assert said(tmp_path / "d.parquet") == said(lab.copy.parent / "diff.parquet")
    assert (str(done.out), done.left) == (DIFF, len(labs.GONE))
    with pytest.raises(InputError, match="exists already"):
        diff(lab, tmp_path / "work")
    relaion.apply(lab.copy, tmp_path / "clean", diff=DIFF, work=tmp_path / "work")
    assert below(tmp_path / "clean") == below(lab.copy.parent / "local")
    assert not [*(tmp_path / "work").iterdir()]


@pytest.mark.slow
def test_a_diff_that_cannot_be_put_stays_here(
    store: S3World, lab: labs.Lab, tmp_path: Path
) -> None:
    """Its claim goes; the same command makes it anew, and another run is refused meanwhile."""
    store.fault = lambda environ: (
        (400, "ExpiredToken")
        if environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].endswith("d.parquet")
        else None
    )
    with pytest.raises(OutputError, match=r"expired.*the diff is made, and lies whole in") as e:
        diff(lab, tmp_path)
    store.fault = None
    assert SECRET not in str(e.value)
    (kept,) = tmp_path.rglob("*.parquet")
    assert said(kept) == said(lab.copy.parent / "diff.parquet")
    assert objects(store) == {}
    at = objects_at(remote_url(DIFF).folder)
    held = take_claim(at, "somebody else", f"d.parquet{CLAIM}")
    with pytest.raises(BusyError, match=r"d\.parquet: another run"):
        diff(lab, tmp_path)
    held.drop()
    diff(lab, tmp_path)
    assert {*objects(store)} == {"diffs/d.parquet"}
    assert not [*tmp_path.iterdir()]
    store.fault = lambda _: (400, "ExpiredToken")
    with pytest.raises(RelaionError, match="expired"):
        diff(lab, tmp_path)
    store.fault = None
    with pytest.raises(RelaionError, match="no such bucket"):
        relaion.diff(lab.old, lab.new, "s3://nowhere/d.parquet", work=tmp_path)
    assert not [*tmp_path.iterdir()]
    for out in (f"s3://{BUCKET}/", "https://h.example/d.parquet", f"s3://{BUCKET}/lab/diffs"):
        with pytest.raises(InputError, match=r"a whole bucket|nothing is written|is a folder"):
            relaion.diff(lab.old, lab.new, out, work=tmp_path)


@pytest.mark.slow
def test_a_kill_leaves_a_claim_that_the_same_command_takes(
    store: S3World, lab: labs.Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the diff is put, and between that and the end of the claim."""
    monkeypatch.setattr("relaion.remote.claim.RunClaim.drop", lambda _: 1 / 0)  # as a kill does
    with pytest.raises(ZeroDivisionError):
        diff(lab, tmp_path)
    monkeypatch.undo()
    assert {*objects(store)} == {"diffs/d.parquet", f"diffs/d.parquet{CLAIM}"}
    with pytest.raises(InputError, match="exists already"):
        diff(lab, tmp_path)
    assert {*objects(store)} == {"diffs/d.parquet"}


# -- the check before publishing -----------------------------------------------------------------


@pytest.mark.slow
def test_a_run_in_a_store_is_checked_as_one_here(store: S3World, tmp_path: Path) -> None:
    rows = [
        {"url": f"http://h{i % 10}.example/dir/{i}.jpg", "text": f"picture {i}", "punsafe": 0.02}
        for i in range(60)
    ]
    write_shard(tmp_path / "data/en/a.parquet", rows)
    lists = tmp_path / "lists.duckdb"
    add_lists(lists, [Sent((("url", str(rows[3]["url"])),))])
    relaion.clean(tmp_path / "data", lists, tmp_path / "out")
    store.put_folder(tmp_path / "data", "lab/data")
    store.put_folder(tmp_path / "out", "lab/out")
    local = relaion.diff_check(tmp_path / "out", tmp_path / "data", lists)
    work: dict[str, Any] = {"work": tmp_path / "work"}
    top = f"s3://{BUCKET}/lab"
    found = relaion.diff_check(f"{top}/out", f"{top}/data", lists, **work)
    assert str(found.out) == f"{top}/out"
    assert replace(found, out=local.out) == local
    assert not found.ok
    diff = tmp_path / "d.parquet"
    relaion.diff(tmp_path / "data", tmp_path / "out/research", diff, i_accept_disclosure=True)
    store.put("lab/earlier.parquet", diff)
    told = relaion.diff_check(
        f"{top}/out", f"{top}/data", lists, earlier=f"{top}/earlier.parquet", **work
    )
    assert told.residual == {"research": 0, "research-safe": 0}
    with pytest.raises(InputError, match=rf"{top}/data: holds no finished run"):
        relaion.diff_check(f"{top}/data", f"{top}/data", lists, **work)
    with pytest.raises(InputError, match="is part of a run"):
        relaion.diff_check(f"{top}/out/research", f"{top}/data", lists, **work)
    done = here(
        "diff", "--check", f"{top}/out", "--inputs", f"{top}/data", "--lists", lists,
        "--work", tmp_path / "work", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert f"{top}/out: " in done.stdout
    assert not [*(tmp_path / "work").iterdir()]
