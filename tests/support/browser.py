"""A headless Chromium, spoken to over its DevTools protocol, with nothing but the standard library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pytest

from tests.support.processes import TIMEOUT
from tests.support.servers import required

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""What the program may be called; ELLAR_DB_TEST_CHROMIUM names another one."""

OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    # root, as whom CI often runs, can't have a sandbox; the pages are the tests' own
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)

LAUNCHER = """
import os, sys
# the browser reads from 3 and writes to 4, whichever numbers the pipes have here
reading, writing = (os.dup(int(each)) for each in sys.argv[1:3])
while reading in (3, 4):
    reading = os.dup(reading)
while writing in (3, 4):
    writing = os.dup(writing)
os.dup2(reading, 3)
os.dup2(writing, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""

KEYS = {"Enter": "\r", " ": " "}
"""Keys that write something although their name is no single sign."""


def chromium() -> str:
    """Return the program, or skip: a failure where ELLAR_DB_TEST_REQUIRE names chromium."""
    named = os.environ.get("ELLAR_DB_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None and os.name == "posix":
        return found
    reason = "no Chromium on the PATH (set ELLAR_DB_TEST_CHROMIUM)" if found is None else "its pipes need POSIX"
    if required("chromium"):
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """A running browser.

    Args:
        program: Chromium.
    """

    def __init__(self, program: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="ellar_db_chromium_")
        theirs, ours = os.pipe()
        back, answers = os.pipe()
        command = [program, *OPTIONS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(theirs), str(answers), *command],
            pass_fds=(theirs, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._out: IO[bytes] = os.fdopen(ours, "wb")
        self._in = back
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.ask("Browser.close")
            self._process.wait(TIMEOUT)
        finally:
            self._process.kill()
            self._process.wait()
            self._out.close()
            os.close(self._in)
            shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command and return the answer; what happens meanwhile goes to `events`.

        Args:
            method: The command.
            session: The tab's session; None for the browser itself.
            parameters: Its parameters.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            found = self._receive()
            if found.get("id") != self._number:
                self.events.append(found)
            elif "error" in found:
                raise RuntimeError(f"{method}: {found['error']['message']}")
            else:
                return dict(found["result"])

    def wait(self, method: str) -> dict[str, Any]:
        """Return the next event of a kind, or one that was there already."""
        while True:
            for place, each in enumerate(self.events):
                if each.get("method") == method:
                    return dict(self.events.pop(place)["params"])
            self.events.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in, 1 << 20)
            if not more:
                raise RuntimeError(f"Chromium ended with exit code {self._process.wait()}")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def tab(self, file: Path, *, dark: bool = False, width: int = 1200, height: int = 800) -> Tab:
        """Return a new tab that shows a file.

        Args:
            file: The page.
            dark: The person prefers dark colours.
            width: The width of the window in pixels.
            height: Its height.
        """
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session)
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            tab.ask(f"{domain}.enable")
        tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        tab.prefer(dark=dark)
        tab.ask("Page.navigate", url=file.absolute().as_uri())
        self.wait("Page.loadEventFired")
        return tab


class Tab:
    """A page in a browser.

    Args:
        browser: The browser.
        target: The tab's name.
        session: Its session.
    """

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command about the page."""
        return self._browser.ask(method, self._session, **parameters)

    def prefer(self, *, dark: bool) -> None:
        """Make the person prefer dark or light colours."""
        value = "dark" if dark else "light"
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def value(self, expression: str) -> Any:
        """Return what an expression of JavaScript comes to, after the page has drawn once more."""
        drawn = f"new Promise((done) => requestAnimationFrame(() => setTimeout(() => done({expression}))))"
        found = self.ask("Runtime.evaluate", expression=drawn, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of the elements that a selector finds."""
        chosen = f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText.trim())"
        return list(self.value(chosen))

    def text(self, selector: str) -> str:
        """Return the visible text of the only element that a selector finds."""
        (found,) = self.texts(selector)
        return found

    def press(self, *keys: str, modifiers: int = 0) -> None:
        """Press keys one after the other: signs, or names such as "ArrowDown"."""
        for key in keys:
            sign = KEYS.get(key, key if len(key) == 1 else "")
            more = {"text": sign} if sign else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, modifiers=modifiers, **more)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers)

    def write(self, text: str) -> None:
        """Write text where the cursor is."""
        self.ask("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click with the mouse into the middle of an element, whatever lies on top of it there."""
        box = self.value(
            f"(({{left, top, width, height}}) => [left + width / 2, top + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        where = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", **where)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", **where)

    def spoken(self) -> list[tuple[str, str]]:
        """Return role and name of all that a screen reader finds."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [(each["role"]["value"], each.get("name", {}).get("value", "")) for each in nodes if not each["ignored"]]

    def problems(self) -> list[str]:
        """Return errors and warnings of the page so far, and what it asked of the network, itself left out."""
        found = []
        for each in self._browser.events:
            if each.get("sessionId") != self._session:
                continue
            about = each["params"]
            if each["method"] == "Runtime.exceptionThrown":
                found.append(about["exceptionDetails"]["exception"]["description"])
            elif each["method"] == "Runtime.consoleAPICalled":
                found.append(f"console.{about['type']}")
            elif each["method"] == "Log.entryAdded":
                found.append(about["entry"]["text"])
            elif each["method"] == "Network.requestWillBeSent" and about["type"] != "Document":
                found.append(about["request"]["url"])
        return found

    def picture(self) -> bytes:
        """Return what the page looks like, as PNG."""
        import base64

        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])

    def close(self) -> None:
        """Close the tab."""
        self._browser.ask("Target.closeTarget", targetId=self._target)
        self._browser.events.clear()
