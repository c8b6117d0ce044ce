"""Signing in with name and password."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.forms import AuthenticationForm

from escalations.core.roles import SIGN_IN, USE_API


class SignInForm(AuthenticationForm):
    """Lets in whoever has a role that signs in with a browser, and tells the others why not."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Raises ValidationError for an account that is closed, a connected system's, or without a role."""
        if not user.is_active:
            raise ValidationError(self.error_messages["inactive"], code="inactive")
        if user.is_staff or any(user.has_perm(permission) for permission in SIGN_IN):
            return
        if user.has_perm(USE_API):
            raise ValidationError(
                _("This account belongs to a connected system. It does not sign in with a browser."), code="integration"
            )
        raise ValidationError(
            _("Your account has no role at this desk. Ask an administrator to give you one, then sign in again."),
            code="no_role",
        )
