"""Letters about an account: the link that resets a password, and word of every change of how somebody signs in."""

from __future__ import annotations

from email.utils import make_msgid

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from escalations.models import User
from escalations.outbound.letter import Letter
from escalations.outbound.mail import Post, domain
from escalations.outbound.words import Paragraph, speaking

CHANGES = {
    "password_changed": _("Your password was changed."),
    "password_set": _("A password was set for your account."),
    "password_reset": _("Your password was reset by the link in a mail."),
    "totp_activated": _("An app for codes was set up as your second factor."),
    "totp_deactivated": _("The app for codes was removed from your account."),
    "webauthn_added": _("A passkey or security key was added to your account."),
    "webauthn_removed": _("A passkey or security key was removed from your account."),
    "recovery_codes_generated": _("New recovery codes were made for your account; the old ones are void."),
    "account_connected": _("Your account was linked with single sign-on."),
}
"""What is told, by the end of the name of allauth's own text."""


def send_reset(*, user_id: int) -> bool:
    """Mail somebody the link with which they choose a new password. Made here, by the worker, so that it lies in no
    queue. Returns whether a mail went out: not for an account that is switched off, has no address, or no password.

    Raises Temporary and Permanent as `Post.send` does.
    """
    user = User.objects.filter(pk=user_id, is_active=True).exclude(email="").first()
    if user is None or not user.has_usable_password():
        return False
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    with speaking(user.language):
        letter = Letter(
            subject=__("A new password for the desk"),
            blocks=(
                Paragraph(
                    (__("Somebody asked for a new password for your account %(name)s.") % {"name": user.username},)
                ),
                Paragraph(
                    (
                        ngettext(
                            "The link works once, for %(n)d minute.", "The link works once, for %(n)d minutes.", minutes
                        )
                        % {"n": minutes},
                        __("If it was not you, leave it: nothing has changed."),
                    )
                ),
            ),
            language=user.language,
            url=f"{settings.THROUGHLINE_BASE_URL}{reverse('account_reset_password_from_key', kwargs=key)}",
            action=__("Choose a new password"),
        )
    _send(letter, user)
    return True


def tell(*, user_id: int, change: str) -> bool:
    """Mail somebody that how they sign in was changed. Returns whether a mail went out."""
    user = User.objects.filter(pk=user_id).exclude(email="").first()
    if user is None or change not in CHANGES:
        return False
    with speaking(user.language):
        letter = Letter(
            subject=__("How you sign in to the desk was changed"),
            blocks=(
                Paragraph((str(CHANGES[change]),)),
                Paragraph((__("If it was not you, tell an administrator now: somebody may be using your account."),)),
            ),
            language=user.language,
            url=f"{settings.THROUGHLINE_BASE_URL}{reverse('mfa_index')}",
            action=__("Sign-in and second factor"),
        )
    _send(letter, user)
    return True


def _send(letter: Letter, user: User) -> None:
    with Post() as post:
        post.send(letter, to=user.email, message_id=make_msgid(domain=domain()), key="")
