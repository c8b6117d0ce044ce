"""Pages outside the admin: where people arrive who are signed in, but do not enter the desk."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from escalations.admin.base import person_of, works_here
from escalations.core.roles import READ_PLAYBOOK, ROLES
from escalations.services.roles import held_by


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's page for signing in; whoever is signed in and does not enter the desk is led to their own page."""
    if request.method == "GET" and request.user.is_authenticated and not works_here(request.user):
        return redirect("welcome")
    return admin.site.login(request)


@never_cache
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """What somebody who does not enter the desk may do instead."""
    user = person_of(request)
    if works_here(user):
        return redirect("admin:index")
    context = {
        **admin.site.each_context(request),
        "title": _("Welcome"),
        "roles": [ROLES[key] for key in held_by(user)],
        "reads": user.has_perm(READ_PLAYBOOK),
    }
    return TemplateResponse(request, "admin/desk/welcome.html", context)
