"""Static files as browsers get them: the portal's own style sheets and scripts, minified."""

from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN = "idportal/"


class SlimStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's, compressed and named by content. A third of what a phone would load is written for developers."""

    def _save(self, name: str, content: Any) -> str:
        from rcssmin import cssmin  # here, since collectstatic alone writes files
        from rjsmin import jsmin

        slim = {".css": cssmin, ".js": jsmin}.get(PurePath(name).suffix)
        if slim and name.startswith(OWN) and "/vendor/" not in name:
            whole = b"".join(content.chunks())  # from the beginning: Django has read it before, for its hash
            content = ContentFile(slim(whole.decode()).encode())
        return str(super()._save(name, content))  # type: ignore[misc]  # whitenoise has no types
