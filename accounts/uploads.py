"""Files that are sent along: the CSV files of an administrator, and nobody else's."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopFutureHandlers
from django.http import HttpRequest
from django.urls import reverse

from accounts.registers.sheets import LARGEST


def is_too_large(request: HttpRequest) -> bool:
    """Whether an administrator sent a file that was larger than LARGEST, and so passed over."""
    return bool(getattr(request, "upload_too_large", False))


class ForAdministrators(FileUploadHandler):
    """Takes a file of an administrator with a second factor, on the admin's pages, into memory: LARGEST bytes at most.

    What anybody else sends, or sends elsewhere, is left to the next handler. It runs before the CSRF check, which reads
    the form that the file is part of.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.content: BytesIO | None = None
        if _from_administrator(self.request):
            self.content = BytesIO()
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if self.content is None:
            return raw_data
        if start + len(raw_data) > LARGEST:
            self.content = None
            self.request.upload_too_large = True  # type: ignore[union-attr]  # for is_too_large
            raise SkipFile
        self.content.write(raw_data)
        return None

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        if self.content is None:
            return None
        self.content.seek(0)
        return InMemoryUploadedFile(
            self.content, self.field_name, self.file_name or "", self.content_type, file_size, self.charset
        )


def _from_administrator(request: HttpRequest | None) -> bool:
    user = getattr(request, "user", None)
    if request is None or user is None or not request.path_info.startswith(reverse("admin:index")):
        return False
    return bool(user.is_authenticated and user.is_active and user.is_staff and user.is_verified())
