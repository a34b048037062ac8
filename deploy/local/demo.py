"""The demo: the portal in one process, with SQLite.

It begins anew each day: the sample passwords run out so many days from the day on which they are loaded, and the
table on /demo/ promises how many.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from deploy.local.installation import Installation, Program
from deploy.local.process import say

LAYOUT = "2"  # of the folder. A demo with another layout begins anew, too


class Demo(Installation):
    name = "demo"
    title = "demon"
    mark = "day"

    def is_outdated(self) -> bool:
        mark = self.folder / self.mark
        outdated = mark.exists() and mark.read_text(encoding="ascii") != _today()
        if outdated:
            say("En ny dag eller version: demon börjar om. / A new day or version: the demo starts afresh.")
        return outdated

    def prepare(self) -> None:
        super().prepare()
        (self.folder / self.mark).write_text(_today(), encoding="ascii")

    def settings(self) -> dict[str, str]:
        return {
            **super().settings(),
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{self.folder / 'db.sqlite3'}",
            "EMAIL_URL": f"filemail://{self.folder / 'mail'}",
        }

    def programs(self) -> list[Program]:
        # One process: without Redis it alone knows of the limits by address.
        return [*super().programs(), self.web("--workers=1")]


def _today() -> str:
    return f"{datetime.now(ZoneInfo('Europe/Stockholm')).date().isoformat()} {LAYOUT}"
