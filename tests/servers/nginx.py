"""The shipped site of nginx on ports and in folders of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path


def configuration(tree: Path, folder: Path, *, http: int, https: int, web: int) -> str:
    """deploy/nginx/idportal.conf of the tree as it stands, but for ports and folders, with what nginx needs around it.

    ``folder``: for logs and temporary files, with ``tls/`` in it. ``web``: where the portal listens.
    """
    site = (tree / "deploy" / "nginx" / "idportal.conf").read_text(encoding="utf-8")
    for place, stand_in in {
        r"\n +listen \[::\][^\n]*": "",  # a machine of tests may have no IPv6
        r"listen 80": f"listen 127.0.0.1:{http}",
        r"listen 443": f"listen 127.0.0.1:{https}",
        r"127\.0\.0\.1:8000": f"127.0.0.1:{web}",
        r"/etc/idportal/tls": f"{folder}/tls",
        r"/var/log/nginx": f"{folder}",
        r"/opt/idportal/current": f"{tree}",
    }.items():
        site, count = re.subn(place, stand_in, site)
        assert count, place
    site = site.replace("/var/lib/nginx/", f"{folder}/")  # a commit that is measured may keep nothing
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    general = f"{user} daemon off; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/error.log;"
    return f"{general}\nevents {{}}\nhttp {{\n{places}{site}\n}}\n"
