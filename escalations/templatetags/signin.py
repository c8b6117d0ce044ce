"""What pages say about how somebody signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import get_text_list
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.inbound.signin import session, sso
from escalations.models import User
from escalations.models.reach import Reach

register = template.Library()

ENDED = {
    "idle": _("You were signed out because nothing was done for a while. What you had typed on a case is kept."),
    "age": _("A session lasts no longer than a working day. Sign in again; what you had typed on a case is kept."),
}


@dataclass(frozen=True, slots=True)
class State:
    """A person's second factor: whether they need one, have used it, and have one; which channels are kept back."""

    needed: bool
    everybody: bool
    used: bool
    has: bool
    kept_back: str
    use: str
    back: str
    account: str
    sso: str


@register.simple_tag(takes_context=True)
def session_ended(context: dict[str, Any]) -> str:
    """Why the last session was over, once."""
    why = context["request"].session.pop(session.ENDED, "")
    return str(ENDED[why]) if why in ENDED else ""


@register.simple_tag
def sso_link(wanted: str | None) -> dict[str, str]:
    """Single sign-on, where it is set up: its name and address."""
    if not sso.is_configured():
        return {}
    return {
        "name": sso.name(),
        "address": f"{sso.address()}?{urlencode({'next': wanted})}" if wanted else sso.address(),
    }


@register.simple_tag(takes_context=True)
def second_factor_state(context: dict[str, Any]) -> State:
    """How it stands with the second factor of whoever is signed in."""
    request: HttpRequest = context["request"]
    user = request.user
    held = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    use = "mfa_reauthenticate" if "totp" in held else "mfa_reauthenticate_webauthn"
    mine = bool(user.is_active and getattr(user, "is_staff", False))
    return State(
        needed=settings.THROUGHLINE_SECOND_FACTOR != "off",
        everybody=settings.THROUGHLINE_SECOND_FACTOR == "everybody",
        used=session.with_second_factor(request),
        has=bool(held & {"totp", "webauthn"}),
        kept_back=_names(user),
        use=f"{reverse(use)}?{urlencode({'next': request.get_full_path()})}",
        back=reverse("admin:index"),
        account=reverse("admin:escalations_user_change", args=[user.pk]) if mine else reverse("admin:index"),
        sso=sso.name() if isinstance(user, User) and sso.is_linked(user) else "",
    )


@register.simple_tag(takes_context=True)
def kept_back(context: dict[str, Any]) -> str:
    """The channels whose cases are shown once this person signs in with a second factor, in words; empty for everybody
    else, without a query."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return _names(user) if isinstance(user, User) else ""


def _names(user: Any) -> str:
    names = [str(channel) for channel in Reach.of(user).kept_back]
    return str(get_text_list(names, __("and")))
