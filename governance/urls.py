"""Addresses of the council's pages, under /council/."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from escalations.admin.dangerous import DANGEROUS, Danger
from governance import views

app_name = "governance"
urlpatterns = [
    path("", views.index, name="index"),
    path("drafts/<int:edition_id>/propose/", views.propose, name="propose"),
    path("proposals/<int:pk>/", views.proposal, name="proposal"),
    path("proposals/<int:pk>/approve/", views.approve, name="approve"),
    path("proposals/<int:pk>/reject/", views.reject, name="reject"),
    path("proposals/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("proposals/<int:pk>/object/", views.object_to, name="object"),
]

DANGEROUS["governance:approve"] = Danger(_("approve a change of the playbook"), opened=True)
