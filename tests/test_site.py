"""deploy/nginx before a real gunicorn with deploy/gunicorn.conf.py: who asks, what is kept out, what is said."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sqlite3
import ssl
import subprocess
from pathlib import Path

import pytest

from deploy.local.cast import KARL
from tests.idportal.conftest import prepared  # noqa: F401 - a fixture
from tests.site import NAMES, WAIT, Client, Site, site  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_nginx_accepts_the_site(site: Site) -> None:  # noqa: F811
    said = subprocess.run(site.command("-t"), check=False, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr


def test_site_serves_the_portal_and_says_who_asks(site: Site) -> None:  # noqa: F811
    with site.portal(), site.served():
        client = Client(site, "127.0.0.2")
        answer = client.log_in(KARL.username, "fel", X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="http")
        assert answer.status == 200
        assert client.log_in(KARL.username, KARL.password).headers["Location"] == "/registrera/mobil/"
        assert set(client.cookies) == {"__Host-session", "__Host-csrf"}
        with sqlite3.connect(site.folder / "db.sqlite3") as database:
            addresses = database.execute("SELECT DISTINCT address FROM accounts_auditevent WHERE address NOT NULL")
            assert addresses.fetchall() == [("127.0.0.2",)]

        assert Client(site, "127.0.0.2", NAMES[2]).ask("GET", "/").headers["Location"] == "/aterstall/"
        plain = http.client.HTTPConnection("127.0.0.1", site.http, timeout=WAIT)
        plain.request("GET", "/registrera/?x=1", headers={"Host": NAMES[1]})
        moved = plain.getresponse()
        assert (moved.status, moved.headers["Location"]) == (301, f"https://{NAMES[1]}/registrera/?x=1")
        with pytest.raises(ssl.SSLError):
            Client(site, "127.0.0.2", "kommunen.example").ask("GET", "/")

        assert Client(site, "127.0.0.1").ask("GET", "/healthz/ready").status == 200
        assert Client(site, "127.0.0.1").ask("GET", "/metrics").status == 200
        assert Client(site, "127.0.0.2").ask("GET", "/healthz/live").status == 200
        for path in ("/healthz/ready", "/metrics"):
            assert Client(site, "127.0.0.2").ask("GET", path).status == 403
        client.ask("GET", "/logga-in/?q=carin@hemtjanst-ett.example", Referer=f"https://{NAMES[1]}/?q=carin")
    log = (site.folder / "idportal.access.log").read_text(encoding="utf-8")
    assert '"GET /logga-in/" 302' in log
    assert "carin" not in log, "nobody's search is logged"
    for line in (site.folder / "gunicorn.log").read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["logger"]


def test_no_client_says_where_the_portal_begins(site: Site) -> None:  # noqa: F811
    """Past nginx, from this machine, which gunicorn believes: with SCRIPT_NAME all links would lead elsewhere."""
    with site.portal():

        def ask(**names: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", site.web, timeout=WAIT)
            connection.request("GET", "/aterstall/", headers={"Host": NAMES[2], "X-Forwarded-Proto": "https", **names})
            answer = connection.getresponse()
            text = re.sub(r'(nonce-|nonce="|csrfmiddlewaretoken" value=")[\w+/=-]+', "", answer.read().decode())
            connection.close()
            return answer.status, text

        usual = ask()
        assert usual[0] == 200
        assert 'href="/' in usual[1]
        for names in ({"SCRIPT_NAME": "/aterstall"}, {"PATH_INFO": "/healthz/live"}, {"SCRIPT_NAME": "//evil.example"}):
            assert ask(**names) == usual, names


def test_what_nginx_answers_by_itself_is_as_safe_and_as_clear(site: Site) -> None:  # noqa: F811
    """The headers of security.md Y1 once each, whoever answers; a page in words while the portal is away."""
    client = Client(site, "127.0.0.2")
    with site.served():
        with site.portal():
            answers = {200: client.ask("GET", "/registrera/")}
            for path, size in (("/registrera/", 300), ("/admin/", 3100)):
                # Refused by what it announces, before any of it was sent.
                answers[413] = client.ask("POST", path, b"", Content_Length=str(size * 1024))
                assert answers[413].status == 413
            assert client.ask("POST", "/admin/", b"x" * 300 * 1024).status != 413
        answers[503] = client.ask("GET", "/registrera/")
    assert answers[503].status == 503
    assert "Tjänsten går inte att använda just nu" in client.text
    for answer in answers.values():
        for name in ("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"):
            assert len(answer.headers.get_all(name, [])) == 1, name
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        assert answer.headers["Server"] == "nginx"


def test_what_shows_nobodys_data_is_sent_compressed(site: Site) -> None:  # noqa: F811
    """And what searches by its address among others' data is not: its length would tell what it holds (BREACH)."""
    with site.portal(), site.served():

        def encoding(path: str, host: str = NAMES[0]) -> str | None:
            answer = Client(site, "127.0.0.2", host).ask("GET", path, Accept_Encoding="gzip")
            assert answer.status == 200, path
            return answer.headers["Content-Encoding"]

        assert encoding("/aterstall/", NAMES[2]) == "gzip"
        assert encoding("/") == "gzip"
        assert encoding("/bestallare/logga-in/") is None
        client = Client(site, "127.0.0.2", NAMES[2])
        plain = client.ask("GET", "/aterstall/")
        sheet = re.search(r'href="(/static/[^"]*portal[^"]*\.css)"', client.text)
        assert plain.headers["Content-Encoding"] is None
        assert sheet
        for wanted, given in (("gzip", "gzip"), ("identity", None), ("deflate, gzip;q=1.0, *;q=0.5", "gzip")):
            answer = client.ask("GET", sheet[1], Accept_Encoding=wanted)
            assert answer.headers["Content-Encoding"] == given, wanted
            assert (client.size < len(client.text) / 2) == (given == "gzip")


def test_a_file_packed_with_brotli_goes_to_who_can_read_it(site: Site, tmp_path: Path) -> None:  # noqa: F811
    """collectstatic makes one."""
    folder = Path(shutil.copytree(site.values["STATIC_ROOT"], tmp_path / "static"))
    site.values["STATIC_ROOT"] = str(folder)
    [sheet] = (folder / "idportal").glob("portal.????????????.css")
    packed = sheet.with_name(f"{sheet.name}.br")
    assert packed.stat().st_size < sheet.stat().st_size / 3
    packed.write_bytes(b"packed")  # known again without a reader of brotli
    with site.portal(), site.served():
        client = Client(site, "127.0.0.2")
        for wanted, given in (("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"), ("br", "br")):
            answer = client.ask("GET", f"/static/idportal/{sheet.name}", Accept_Encoding=wanted)
            assert answer.headers["Content-Encoding"] == given, wanted
            assert (client.text == "packed") == (given == "br")


def test_what_is_the_same_for_all_is_kept_and_stands_while_the_portal_is_away(site: Site) -> None:  # noqa: F811
    """In each language, on each host, with the portal's own headers; not what has a session, a query or a form."""
    swedish, english = Client(site, "127.0.0.2", NAMES[0]), Client(site, "127.0.0.3", NAMES[0])
    english.cookies["__Host-language"] = "en"
    signed_in = Client(site, "127.0.0.4")

    def pages() -> list[tuple[int, str, list[tuple[str, str]]]]:
        said = []
        for client in (swedish, english):
            answer = client.ask("GET", "/", Accept_Encoding="gzip")
            said.append((answer.status, client.text, [each for each in answer.getheaders() if each[0] != "Date"]))
        return said

    with site.served():
        with site.portal():
            first = pages()
            for language, (status, text, _headers) in zip(("sv", "en"), first, strict=True):
                assert status == 200
                assert f'<html lang="{language}">' in text
            sheet = re.search(r'href="(/static/[^"]*portal[^"]*\.css)"', swedish.text)
            assert sheet
            assert swedish.ask("GET", sheet[1]).status == 200
            assert signed_in.log_in(KARL.username, KARL.password).status == 302
            for client in (signed_in, Client(site, "127.0.0.2"), signed_in):
                client.ask("GET", "/tillganglighet/")
                assert ("data-session-seconds" in client.text) == (client is signed_in)
        assert pages() == first
        assert swedish.ask("GET", sheet[1]).status == 200
        for client, path in ((swedish, "/aterstall/"), (swedish, "/?x"), (signed_in, "/tillganglighet/")):
            assert client.ask("GET", path).status == 503, path
    for _status, _text, headers in first:
        names = [name for name, _ in headers]
        assert not {"Set-Cookie", "X-Accel-Expires"} & set(names)
        assert dict(headers)["Cache-Control"] == "no-store, private"
        for name in ("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options"):
            assert names.count(name) == 1, name


def test_nobody_changes_what_others_get(site: Site) -> None:  # noqa: F811
    """What a client sends that the portal reads, and what it could be taken to read, before a page is kept."""
    with site.portal(), site.served():
        for names in (
            {"Cookie": '__Host-language="en"'},
            {"Cookie": "__Host-language=sv; __Host-language=en"},
            {"Cookie": "__Host-session=x; __Host-language=en"},
            {"Accept_Language": "en"},
            {"X_Forwarded_Proto": "http", "X_Forwarded_Host": "evil.example", "Forwarded": "host=evil.example"},
            {"Script_Name": "/evil", "Path_Info": "/registrera/", "X_Script_Name": "/evil"},
            {"X_HTTP_Method_Override": "DELETE", "Range": "bytes=0-1", "If_None_Match": "*", "Accept": "image/png"},
        ):
            Client(site, "127.0.0.2", NAMES[0]).ask("GET", "/", **names)
        for path in ("//", "/?next=//evil.example", "/./", "/%2e/", "/x/../", "/tillganglighet/../"):
            Client(site, "127.0.0.2", NAMES[0]).ask("GET", path)
        for method in ("HEAD", "POST", "OPTIONS"):
            Client(site, "127.0.0.2", NAMES[0]).ask(method, "/")
        with pytest.raises((http.client.HTTPException, OSError)):
            Client(site, "127.0.0.2", NAMES[0]).ask("GET", "/", Host="evil.example")
        assert Client(site, "127.0.0.2", NAMES[2]).ask("GET", "/").headers["Location"] == "/aterstall/"
        stranger = Client(site, "127.0.0.5", NAMES[0])
        assert stranger.ask("GET", "/").status == 200
        assert '<html lang="sv">' in stranger.text
        assert "evil" not in stranger.text
        assert 'name="next" value="/"' in stranger.text
        assert "data-session-seconds" not in stranger.text
