"""Addresses of the desk. Each app lists its own; this file only says under which prefix."""

from typing import NoReturn

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from config import health
from config.accounts import admin_login, welcome


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Send browsers that ask for the icon by its old address to the desk's mark."""
    return HttpResponseRedirect(static("desk/mark.svg"))


def closed(request: HttpRequest, **_where: str) -> NoReturn:
    """Django's short cut to the page of any row, which tells whoever asks whether a row exists. Nothing links to it."""
    raise Http404


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", favicon),
    path("healthz", health.process, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/r/<path:content_type_id>/<path:object_id>/", closed, name="closed"),
    path("accounts/", include("config.accounts")),
    path("admin/login/", admin_login, name="admin_login"),
    path("admin/welcome/", welcome, name="welcome"),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password"), name="admin_password"),
    path("admin/", admin.site.urls),
    path("playbook/", include("playbook.urls")),
    path("council/", include("governance.urls")),
    path("", include("escalations.urls")),
]
