"""Files that are sent along: the CSV files of an administrator, and nobody else's."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler


class ForAdministrators(MemoryFileUploadHandler):
    """Takes a file of an administrator into memory; what anybody else sends is left to the next handler."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        super().handle_raw_input(*args, **kwargs)
        self.activated = False
