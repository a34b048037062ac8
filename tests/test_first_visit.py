"""What a new telephone downloads for a reset, through the shipped nginx, as Chromium counts it."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from deploy.local.cast import KARL
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.browser.conftest import PHONE, QUIET
from tests.idportal.conftest import prepared  # noqa: F401 - a fixture
from tests.site import NAMES, Client, Site, site  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.process]

BODIES = 17_000  # bytes
LEAST = 1_500  # of a sheet or a script that is whole
ALL = 24_000  # …with the headers, which say what the browser is to refuse


@contextmanager
def chromium(site: Site) -> Iterator[Page]:  # noqa: F811
    """A telephone with an empty cache, for which the three names lead to the site."""
    program = shutil.which("chromium-headless-shell")
    assert program, "missing: apt-get install chromium-headless-shell"
    leads = ", ".join(f"MAP {name}:443 127.0.0.1:{site.https}" for name in NAMES)
    arguments = [*QUIET, f"--host-resolver-rules={leads}", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=arguments) as browser,
    ):
        context = browser.new_context(ignore_https_errors=True, viewport={"width": PHONE[0], "height": PHONE[1]})
        yield context.new_page()


class Wire:
    """Counts what comes over the wire, answer by answer, as it is packed: bodies, and all with the headers."""

    def __init__(self, page: Page) -> None:
        self.bytes: Counter[str] = Counter()
        self.bodies = 0
        self._paths: dict[str, str] = {}
        self._headers: dict[str, int] = {}
        network = page.context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", self._asked)
        network.on("Network.responseReceived", self._began)
        network.on("Network.loadingFinished", self._finished)
        network.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        if moved := event.get("redirectResponse"):
            self.bytes[f"{self._paths[event['requestId']]} (moves on)"] += int(moved["encodedDataLength"])
        self._paths[event["requestId"]] = re.sub(
            r"\.\w{12}(?=\.\w+$)", "", event["request"]["url"].partition(NAMES[0])[2]
        )

    def _began(self, event: dict[str, Any]) -> None:
        self._headers[event["requestId"]] = int(event["response"]["encodedDataLength"])

    def _finished(self, event: dict[str, Any]) -> None:
        if came := int(event["encodedDataLength"]):  # what the browser has kept does not come
            self.bytes[self._paths[event["requestId"]]] += came
            self.bodies += came - self._headers[event["requestId"]]


def code(folder: Path) -> str:
    """From the last SMS."""
    said = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns).read_text(encoding="utf-8")
    return said.rpartition("#")[2].strip()


def register(client: Client, sms: Path) -> None:
    """Karl's number."""
    client.log_in(KARL.username, KARL.password)
    client.post("/registrera/mobil/", phone=NEW_NUMBER_TYPED)
    assert client.post("/registrera/kod/", code=code(sms)).headers["Location"] == "/registrera/klart/"


def test_the_first_reset_costs_little_to_download(site: Site) -> None:  # noqa: F811
    site.values.update(REGISTER_HOST="", RESET_HOST="")
    sms = site.folder / "sms"
    with site.portal(), site.served(), chromium(site) as page:
        register(Client(site, "127.0.0.2", NAMES[0]), sms)
        wire, said = Wire(page), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"https://{NAMES[0]}/")
        page.locator("main a[href='/aterstall/']").click()
        for fields in (
            {"username": KARL.username},
            {"code": ""},
            {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
        ):
            for name, value in fields.items():
                page.locator(f"main input[name={name}]").fill(value or code(sms))
            page.locator("main form[novalidate] button[type=submit]").click()
        page.wait_for_url("**/aterstall/klart/", wait_until="networkidle")
        # A browser without windows shows no icon.
        page.evaluate("fetch(document.querySelector('link[rel=icon]').href).then(it => it.text())")
        page.wait_for_load_state("networkidle")
    lines = "\n".join(f"{size:6} {path}" for path, size in wire.bytes.items())
    assert len(wire.bytes) == 12, lines
    assert "/aterstall/losenord/" in wire.bytes, lines
    assert min(wire.bytes[f"/static/idportal/portal.{kind}"] for kind in ("css", "js")) > LEAST, lines
    assert 0 < wire.bodies <= BODIES, f"{wire.bodies} bytes\n{lines}"
    assert sum(wire.bytes.values()) <= ALL, lines
    assert not said
