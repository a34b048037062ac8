"""No page of the two journeys costs a telephone more than it did on 2026-11-30 (c60dad4), before issue 13.

As the shipped nginx sends them: pages packed with gzip at level 5, sheets and scripts with brotli by collectstatic.
What comes over the wire in a whole reset, headers included: tests/test_first_visit.py.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.http import HttpResponse
from whitenoise.compress import Compressor

from deploy.local.cast import KARL
from idportal.web.static_files import SlimStorage
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.conftest import Walker

BEFORE = {  # bytes
    "/registrera/": 8039,
    "/registrera/mobil/": 9173,
    "/registrera/kod/": 9420,
    "/registrera/klart/": 9105,
    "/aterstall/": 8024,
    "/aterstall/kod/": 8504,
    "/aterstall/losenord/": 8614,
    "/aterstall/klart/": 7824,
}


@pytest.fixture
def slim(tmp_path: Path) -> Any:
    storage: Any = SlimStorage  # whitenoise has no types
    return storage(location=tmp_path, base_url="/static/")


def weight(page: HttpResponse, slim: Any) -> int:
    files = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page.content.decode())
    assert len(files) >= 3, "two sheets and a script"
    return len(gzip.compress(page.content, 5)) + sum(packed(each, slim) for each in files)


def packed(name: str, slim: Any) -> int:
    source = Path(settings.BASE_DIR, "idportal", "static", name).read_bytes()
    if not slim.exists(name):
        slim._save(name, ContentFile(source))
    return len(Compressor.compress_brotli(Path(slim.path(name)).read_bytes()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("server")
def test_no_page_is_heavier(walker: Walker, slim: Any) -> None:
    found: dict[str, int] = {}

    def opens(path: str) -> None:
        page = walker.get(path)
        assert page.status_code == 200
        found[path] = weight(page, slim)

    opens("/registrera/")
    walker.log_in(KARL)
    opens("/registrera/mobil/")
    walker.give_number(NEW_NUMBER_TYPED)
    opens("/registrera/kod/")
    walker.enter_register_code()
    opens("/registrera/klart/")
    walker.client.cookies.clear()
    opens("/aterstall/")
    walker.ask(KARL.username)
    opens("/aterstall/kod/")
    walker.enter_code()
    opens("/aterstall/losenord/")
    walker.choose(NEW_PASSWORD)
    opens("/aterstall/klart/")
    assert found.keys() == BEFORE.keys()
    assert {path: size for path, size in found.items() if size > BEFORE[path]} == {}, found


def test_comments_are_left_out_and_nothing_else(slim: Any) -> None:
    script = b'/* What.\n   Whom. */\n(() => {\n  "use strict"; // so\n\n  // why\n  say("a // b", 4 / 2);\n})();\n'
    sheet = b"/* 1 */\na { color: red; /* why */ }\n\n  b { top: 0; }\n"
    for name, source, sent in (
        ("idportal/x.js", script, '(()=>{"use strict";say("a // b",4/2);})();'),
        ("idportal/x.css", sheet, "a{color:red}b{top:0}"),
        ("idportal/vendor/x.css", sheet, sheet.decode()),
        ("admin/x.js", script, script.decode()),
    ):
        slim._save(name, ContentFile(source))
        assert Path(slim.path(name)).read_text(encoding="utf-8") == sent, name
        [*slim.post_process({name: (slim, name)})]  # as collectstatic names it
        named = slim.stored_name(name)
        assert named != name
        assert Path(slim.path(named)).read_text(encoding="utf-8") == sent, named
