"""Files that only their owner can read, the templates in ``config/``, and certificates for servers on loopback."""

import secrets
from pathlib import Path
from string import Template

import trustme


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Writes the text. Nobody else can read the file, not even while it is written."""
    file.touch(mode=mode)
    file.write_text(text, encoding="utf-8")


def secret(file: Path) -> str:
    """The password in the file, which is made the first time."""
    if not file.exists():
        write(file, secrets.token_urlsafe(50))
    return file.read_text(encoding="ascii")


def filled(name: str, /, **values: object) -> str:
    """The text of that name in ``config/``, with its ``$names`` filled in."""
    return Template((Path(__file__).parent / "config" / name).read_text(encoding="utf-8")).substitute(values)


def make_certificate(folder: Path, *names: str) -> None:
    """Writes ``ca.pem``, ``cert.pem`` and ``key.pem`` for these IP addresses and host names, or for loopback.

    The authority's own key is forgotten, so nothing more can be issued from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*(names or ("127.0.0.1", "localhost")))
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    write(folder / "key.pem", issued.private_key_pem.bytes().decode("ascii"))
