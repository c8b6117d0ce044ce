"""Second factors: their secrets lie encrypted under the field key, and tries of codes say for how long to wait."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations import keys


class FactorAdapter(DefaultMFAAdapter):
    """allauth's hooks for second factors, as the desk wants them."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This is not right. Wait for the next code of your app, or use another way."),
    }

    def encrypt(self, text: str) -> str:
        """A secret as it lies in the database: under the field key (`services.privacy.rotation` writes it anew)."""
        return keys.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The inverse. Raises what `keys.decrypt` raises."""
        return keys.decrypt(encrypted_text)

    def generate_authenticator_name(self, user: AbstractBaseUser, type: object) -> str:  # noqa: A002 - allauth's name
        """What a key is called until its owner calls it something else."""
        return __("My key")

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()
