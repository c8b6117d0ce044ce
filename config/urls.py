"""Addresses of the desk. Each app lists its own; this file only says under which prefix."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from config import health
from escalations import views


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Send browsers that ask for the icon by its old address to the desk's mark."""
    return HttpResponseRedirect(static("desk/mark.svg"))


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", favicon),
    path("healthz", health.process, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/login/", views.sign_in, name="sign_in"),
    path("admin/welcome/", views.welcome, name="welcome"),
    path("admin/sign-out/", LogoutView.as_view(), name="sign_out"),
    path("admin/", admin.site.urls),
    path("playbook/", include("playbook.urls")),
    path("", include("escalations.urls")),
]
