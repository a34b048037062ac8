"""Uploads: only the CSV files of administrators are read."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler, SkipFile
from django.http import HttpRequest
from django.urls import reverse

from accounts.companies.files.sheets import LARGEST


class ForAdministrators(MemoryFileUploadHandler):
    """Reads a file into memory for an administrator with a second factor, on the admin's pages: LARGEST bytes at most.

    The only handler. It drops all other uploads piece by piece, so that a large file fills neither disk nor memory. It
    runs before the CSRF check, which reads the form around the file.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = _from_administrator(self.request)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.activated and start + len(raw_data) > LARGEST:
            self.activated = False
            self.request.upload_too_large = True  # type: ignore[union-attr]  # for the import's page
            raise SkipFile
        return super().receive_data_chunk(raw_data, start)


def _from_administrator(request: HttpRequest | None) -> bool:
    user = getattr(request, "user", None)
    if request is None or user is None or not request.path_info.startswith(reverse("admin:index")):
        return False
    return bool(user.is_authenticated and user.is_active and user.is_staff and user.is_verified())
