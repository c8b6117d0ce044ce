"""Files as they come in: counted piece by piece, so that what is too big fills neither memory nor disk.

A file is taken from somebody who is signed in, where evidence is added or a draft is begun, and nowhere else;
everything else that a request may carry is read past. The view finds what was refused, in `refused_uploads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from escalations.core.vetting import MEGABYTE

TAKEN_AT = frozenset({"admin:escalations_case_files", "admin:playbook_edition_begin"})
AT_ONCE = 20
"""Files that one request may bring."""


@dataclass(frozen=True, slots=True)
class RefusedUpload:
    """A file that was not taken in: its name as it came, and the code of why (`core.vetting.REFUSALS`)."""

    name: str
    code: str


def refused_uploads(request: HttpRequest) -> list[RefusedUpload]:
    """The files of a request that were not taken in. Reads the request, where nobody has yet."""
    _ = request.FILES
    return _refused(request)


def _refused(request: HttpRequest) -> list[RefusedUpload]:
    found: list[RefusedUpload] = request.__dict__.setdefault("_refused_uploads", [])
    return found


class EvidenceUpload(TemporaryFileUploadHandler):
    """Writes each file of an allowed request into a temporary file, as long as it stays within the limits."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._files = 0
        self._taken = 0
        self._this = 0
        self._name = ""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        self._name, self._this = file_name, 0
        # What came before is complete: the parser closes `file` when it reads past this one.
        self.__dict__.pop("file", None)
        if not self._taken_here():
            raise SkipFile
        self._files += 1
        if self._files > AT_ONCE:
            self._refuse("too_many")
        super().new_file(field_name, file_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._this += len(raw_data)
        self._taken += len(raw_data)
        if self._this > settings.THROUGHLINE_FILE_MB * MEGABYTE:
            self._refuse("too_big")
        if self._taken > settings.THROUGHLINE_REQUEST_MB * MEGABYTE:
            self._refuse("too_much")
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return super().file_complete(file_size) if "file" in self.__dict__ else None

    def upload_interrupted(self) -> None:
        if "file" in self.__dict__:
            super().upload_interrupted()

    def _taken_here(self) -> bool:
        request = self.request
        match = getattr(request, "resolver_match", None)
        user = getattr(request, "user", None)
        return bool(match and match.view_name in TAKEN_AT and user is not None and user.is_active and user.is_staff)

    def _refuse(self, code: str) -> None:
        assert self.request is not None  # noqa: S101 - the parser gives it
        _refused(self.request).append(RefusedUpload(self._name, code))
        self._taken -= self._this
        if "file" in self.__dict__:
            self.file.close()
            del self.file
        raise SkipFile
