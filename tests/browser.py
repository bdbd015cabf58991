"""A headless Chromium that opens a file, over its debugging pipe: what it asks for, says, shows."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
    "--disable-dev-shm-usage",
)  # fmt: skip


class Page:
    """One page: `requests` are addresses that it asked for, `errors` what its console said."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, os.fdopen(back, "rb")
        self._ids = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Ask for something and wait for its answer, hearing what is said meanwhile."""
        number = next(self._ids)
        asked = {"id": number, "method": method, "params": given}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, said
                found: dict[str, Any] = said["result"]
                return found

    def open(self, path: Path, *, width: int, media: Mapping[str, str], kind: str = "") -> None:
        """Show a file as a window of this width and these settings would."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        features = [{"name": name, "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=features)
        self.requests.clear()
        self.call("Page.navigate", url=path.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def ask(self, expression: str) -> Any:
        """The value of an expression there."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(found["data"]))

    def _next(self) -> dict[str, Any]:
        held = bytearray()
        while (byte := self._back.read(1)) not in (b"\0", b""):
            held += byte
        assert held, "the browser has ended"
        said: dict[str, Any] = json.loads(held)
        given = said.get("params", {})
        if said.get("method") == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif said.get("method") == "Log.entryAdded":
            self.errors.append(given["entry"]["text"])
        elif said.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.errors.append(json.dumps(given))
        return said


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a browser of its own, which ends with it."""
    assert PROGRAM
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()

    def become() -> None:
        # high first: the pipes may lie on 3 and 4 themselves
        one, two = os.dup2(to_read, 100), os.dup2(back_write, 101)
        os.dup2(one, 3)
        os.dup2(two, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # its parts end late
        process = subprocess.Popen(
            [PROGRAM, *_FLAGS, f"--user-data-dir={home}/profile"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": home}, preexec_fn=become, close_fds=False,  # noqa: PLW1509 - no thread runs
        )  # fmt: skip
        os.close(to_read)
        os.close(back_write)
        try:
            yield Page(to_write, back_read)
        finally:
            process.kill()
            process.wait()
            os.close(to_write)
