"""Runs the tools of attackers and reviewers on the running stack; each says what it tried and found."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from deploy.local import files
from deploy.local.server import free_port
from tests.attack.stage import TOKEN, Fell, NotTried, Visitor, expect
from tests.servers.nginx import configuration
from tests.servers.processes import ROOT, end

APPS = ("accounts", "helpdesk", "idportal", "notifications", "deploy")
SITE = "losenord.kommunen.example"  # as deploy/nginx/idportal.conf has it
# What bandit remarks, and why it stays.
LOOKED_AT = {
    ("accounts/staff/second_factor.py", "B703"): "a QR code that segno draws, of the portal's own text",
    ("notifications/digests/compose.py", "B308"): "a constant",
    ("deploy/local/dovecot.py", "B108"): "a folder of its own by mkdtemp: the paths of sockets must be short",
}
BIN = Path(os.environ.get("ATTACK_BIN", ROOT / ".venv-attack" / "bin"))  # of requirements-attack.txt
A_FORM, A_SCAN, A_MODULE = 60, 60, 15  # seconds
MOST_PAGES = 150  # of a crawl


class _Page(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, str, list[str]]] = []  # method, action, names of fields
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        elif tag == "form":
            self.forms.append((str(given.get("method") or "get").lower(), str(given.get("action") or ""), []))
        elif tag in ("input", "textarea", "select") and self.forms and given.get("name"):
            self.forms[-1][2].append(str(given["name"]))


Form = tuple[str, tuple[str, ...]]


def crawl(visitor: Visitor, starts: tuple[str, ...]) -> tuple[dict[str, int], set[Form]]:
    """The status of each page that links lead to, and the forms on them. Raises Fell for a page that breaks."""
    waiting, seen, forms = list(starts), dict[str, int](), set[Form]()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        if path in seen or path.startswith(("/logga-ut", "/admin/logout", "/sprak", "/demo", "/static")):
            continue
        answer = visitor.get(path)
        seen[path] = answer.status_code
        expect(answer.status_code < 500, f"{path} answers {answer.status_code}")
        for header in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
            expect(header in answer.headers, f"{path} has no {header}")
        if "html" not in answer.headers.get("Content-Type", ""):
            continue
        page = _Page(answer.text)
        for link in [*page.links, answer.headers.get("Location", "")]:
            where = urlsplit(urljoin(f"{visitor.url}{path}", link))
            if where.netloc == urlsplit(visitor.url).netloc:
                waiting.append(where.path + (f"?{where.query}" if where.query else ""))
        for method, action, fields in page.forms:
            named = tuple(sorted({name for name in fields if name != "csrfmiddlewaretoken"}))
            if method == "post" and named:
                forms.add((urlsplit(urljoin(f"{visitor.url}{path}", action)).path, named))
    return seen, forms


def sqlmap(visitor: Visitor, url: str, form: Form) -> str:
    """Every field of a form, in this visitor's session. Raises Fell unless sqlmap has tested each in vain."""
    path, fields = form
    shown = TOKEN.search(visitor.get(path).text)  # good for as long as the cookie
    data = urlencode({"csrfmiddlewaretoken": shown[1] if shown else "", **dict.fromkeys(fields, "lovprova01")})
    cookies = "; ".join(f"{each.name}={each.value}" for each in visitor.session.cookies)
    with tempfile.TemporaryDirectory() as folder:
        command = ["sqlmap", "-u", f"{url}{path}", "--data", data, "-p", ",".join(fields), "-H", f"Origin: {url}"]
        command += ["--cookie", cookies, "--drop-set-cookie", "--ignore-redirects", "--ignore-code=400,404,405"]
        command += ["--batch", "--flush-session", f"--output-dir={folder}", "--disable-coloring"]
        command += ["--level=1", "--technique=BEU", "--timeout=10", "--retries=1"]
        said = _ran(command, A_FORM)
    tested = set(re.findall(r"POST parameter '(\w+)' does not seem to be injectable", said))
    expect(tested == set(fields), f"{path}: tested {sorted(tested)} of {list(fields)}: {said[-500:]}")
    return f"{len(tested)} fields, none injectable"


def wapiti(url: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [str(BIN / "wapiti"), "-u", f"{url}/", "--scope", "domain", "--flush-session", "-v", "0"]
        command += ["-m", "sql,xss,exec,file,crlf,redirect,ssrf,xxe,cookieflags,csp,http_headers,permanentxss"]
        for left_out in ("demo/*", "static/*", "sprak/"):
            command += ["-x", f"{url}/{left_out}"]
        command += ["-S", "polite", "--max-links-per-page", "50"]
        command += ["--max-scan-time", str(A_SCAN), "--max-attack-time", str(A_MODULE)]
        command += ["-f", "json", "-o", str(report), "--store-session", folder, "--no-bugreport"]
        _ran(command, A_SCAN + 13 * A_MODULE + 60)
        expect(report.exists(), "wapiti made no report")
        found = json.loads(report.read_text(encoding="utf-8"))
    # On loopback the portal speaks HTTP, where HSTS and Secure cookies have no place; nginx's site is looked at apart.
    by_http = {
        "HTTP Secure Headers",
        "Secure Flag cookie",
        "HTTP Strict Transport Security (HSTS)",
        "Unencrypted Channels",
    }
    wrong = {kind: rows for kind, rows in found["vulnerabilities"].items() if rows and kind not in by_http}
    expect(not wrong, f"wapiti: {[(row['path'], row['info']) for rows in wrong.values() for row in rows][:9]}")
    return f"{found['infos'].get('crawled_pages_nbr', '?')} pages"


def sslscan() -> str:
    """The shipped site of nginx: which protocols and ciphers it speaks."""
    with _nginx() as port:
        said = _ran(["sslscan", "--no-colour", f"--sni-name={SITE}", f"127.0.0.1:{port}"], 60)
    for old in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        expect(re.search(rf"{re.escape(old)}\s+disabled", said), f"nginx speaks {old}")
    expect(re.search(r"TLSv1.3\s+enabled", said), "nginx does not speak TLS 1.3")
    weak = re.findall(r"(?:Preferred|Accepted)\s+\S+\s+\d+ bits\s+(\S*(?:RC4|3DES|NULL|EXP|MD5|CBC)\S*)", said)
    expect(not weak, f"weak ciphers: {weak}")
    expect("not vulnerable to heartbleed" in said, "heartbleed")
    return "TLS 1.2 and 1.3 alone, no weak cipher"


@contextmanager
def _nginx() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as place:
        folder, https = Path(place), free_port()
        files.make_certificate(folder / "tls", SITE)
        config = folder / "nginx.conf"
        config.write_text(configuration(ROOT, folder, http=free_port(), https=https, web=free_port()), encoding="utf-8")
        nginx = subprocess.Popen(["/usr/sbin/nginx", "-e", f"{folder}/error.log", "-c", str(config)])
        try:
            for _ in range(100):
                try:
                    ssl.get_server_certificate(("127.0.0.1", https), timeout=1)
                    break
                except OSError:
                    continue
            yield https
        finally:
            end(nginx, 20)


def bandit() -> str:
    said = _ran([str(BIN / "bandit"), "-r", *APPS, "-f", "json", "-q", "-x", "*/migrations/*"], 120, errors=False)
    found = json.loads(said)
    serious = [
        row
        for row in found["results"]
        if row["issue_severity"] != "LOW"
        and "noqa: S" not in row["code"]  # ruff has the same rules, and the line says why it stays
        and (row["filename"].removeprefix("./"), row["test_id"]) not in LOOKED_AT
    ]
    words = [f"{row['filename']}:{row['line_number']} {row['test_id']} {row['issue_text']}" for row in serious]
    expect(not words, "\n".join(words))
    return f"{found['metrics']['_totals']['loc']:,} lines; {len(found['results'])} remarks, none of weight"


def sbom() -> str:
    """A list of all parts in CycloneDX's format, into var/."""
    target = ROOT / "var" / "sbom.json"
    target.parent.mkdir(exist_ok=True)
    _ran([str(BIN / "cyclonedx-py"), "requirements", "requirements.txt", "-o", str(target)], 60)
    parts = json.loads(target.read_text(encoding="utf-8"))["components"]
    pins = re.findall(
        r"^([\w.-]+(?:\[[\w,-]+\])?)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    expect(len(parts) == len(pins), f"{len(parts)} parts of {len(pins)} pins")
    return f"{len(parts)} parts in var/sbom.json"


def audit() -> str:
    """Known vulnerabilities of the pins, where a source of advisories is reached."""
    if not _vulnerable("django==2.0\n"):  # which has had its share
        raise NotTried("no source of advisories is reached from here")
    wrong = _vulnerable((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    expect(not wrong, f"known vulnerabilities: {', '.join(wrong)}")
    return "no known vulnerability"


def _vulnerable(pins: str) -> list[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(pins)
        file.flush()
        command = [
            str(BIN / "pip-audit"),
            "-r",
            file.name,
            "--no-deps",
            "--disable-pip",
            "-f",
            "json",
            "--timeout",
            "20",
        ]
        said = _ran(command, 300, errors=False)
    found = json.loads(said)["dependencies"] if said.startswith("{") else []
    return [f"{each['name']} {each['version']}" for each in found if each.get("vulns")]


def _ran(command: list[str], seconds: int, *, errors: bool = True) -> str:
    """What a tool printed. Raises Fell if it could not be run: a tool that is missing has found nothing."""
    output = subprocess.STDOUT if errors else subprocess.DEVNULL
    try:
        ran = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=output, text=True, timeout=seconds, check=False
        )
    except FileNotFoundError as missing:
        raise Fell(f"{missing.filename} is missing: make attack installs it") from None
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace")  # bounded: what it found until then
    return ran.stdout
