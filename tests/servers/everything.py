"""Tests that hold servers, for tests/test_killed.py, which starts them by name and kills them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser

__all__ = ["browser"]  # a fixture of another folder


@pytest.mark.usefixtures("slapd_server", "samba_server", "_redis_server", "_dovecot_server", "_relay")
def test_all_run(browser: Browser) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]):
        browser.new_page()
        _wait_for_the_end()


@pytest.mark.usefixtures("_redis_server")
def test_one_runs() -> None:
    _wait_for_the_end()


def _wait_for_the_end() -> None:
    Path(os.environ["READY_FILE"]).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(600)
