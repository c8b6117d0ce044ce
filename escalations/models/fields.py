"""Field types of this app."""

from __future__ import annotations

from typing import Any

from django.db import models

from escalations import keys


class EncryptedTextField(models.TextField):
    """Text that the database sees encrypted only. It cannot be searched; a blind index beside it can."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else keys.decrypt(value)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return None if value is None else keys.encrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            return None
        return super().get_lookup(lookup_name)
