"""The wheel holds every script, byte for byte, as `relaion/_sql`."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_ships_the_scripts(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shipped = {
            name.removeprefix("relaion/_sql/"): wheel.read(name)
            for name in wheel.namelist()
            if name.startswith("relaion/_sql/")
        }
        assert "relaion/py.typed" in wheel.namelist()
    sources = {
        str(p.relative_to(ROOT / "sql")): p.read_bytes()
        for p in (ROOT / "sql").rglob("*")
        if p.is_file()
    }
    assert shipped == sources
