"""Addresses of signing in: those of allauth's that a desk without sign-up needs, under the names that it knows."""

from __future__ import annotations

from allauth.account import views as account
from allauth.account.views import PasswordChangeView
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount import views as social
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import include, path, re_path, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from escalations.core.roles import READ_PLAYBOOK, ROLES
from escalations.inbound.signin import sso
from escalations.models import User
from escalations.services.roles import held_by


def safe_next(request: HttpRequest) -> str:
    """Where somebody wanted to go, if it is a page of this desk; else the empty string."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


@never_cache
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's own address of signing in leads to the desk's, and keeps where somebody wanted to go."""
    wanted = safe_next(request)
    if not request.user.is_authenticated:
        led = reverse("account_login")
        return HttpResponseRedirect(f"{led}?{urlencode({'next': wanted})}" if wanted else led)
    if site.has_permission(request):
        return HttpResponseRedirect(wanted or reverse("admin:index"))
    return redirect("welcome")


@never_cache
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """What somebody who is signed in and does not enter the desk may do instead."""
    user = request.user
    if site.has_permission(request) or not isinstance(user, User):
        return redirect("admin:index")
    held = [ROLES[key] for key in held_by(user)]
    return render(request, "account/welcome.html", {"roles": held, "reads": user.has_perm(READ_PLAYBOOK)})


@login_required
def password_change(request: HttpRequest) -> HttpResponse:
    """For those who have one: whoever comes by single sign-on alone gets none this way."""
    if not (request.user.is_authenticated and request.user.has_usable_password()):
        messages.info(request, _("You have no password here: you sign in with %(name)s.") % {"name": sso.name() or "…"})
        return redirect("mfa_index")
    answer: HttpResponse = PasswordChangeView.as_view()(request)
    return answer


@never_cache
def sso_signup(request: HttpRequest) -> HttpResponse:
    """allauth would ask here for what the provider has not said. Nobody makes an account by a form."""
    return render(request, "account/refused.html", {"words": _("Accounts are made by an administrator.")}, status=403)


urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="account_keys"),
    path("2fa/", include(mfa_urls)),
    path("oidc/<slug:provider_id>/login/", sso.begin, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", sso.come_back, name="openid_connect_callback"),
    path("oidc/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("oidc/error/", social.login_error, name="socialaccount_login_error"),
    path("oidc/signup/", sso_signup, name="socialaccount_signup"),
]
