"""A certificate authority of one's own, and a server certificate from it, for servers on loopback."""

from __future__ import annotations

from pathlib import Path

import trustme

from deploy.local import files


def make(folder: Path, addresses: tuple[str, ...] = ("127.0.0.1",), hosts: tuple[str, ...] = ("localhost",)) -> None:
    """Write ``ca.pem``, ``cert.pem`` and ``key.pem`` (mode 0600) for these IP addresses and host names.

    The authority's own key is forgotten, so nothing more can be issued from it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*addresses, *hosts)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    files.write(folder / "key.pem", issued.private_key_pem.bytes().decode("ascii"))
