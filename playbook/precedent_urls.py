"""Addresses of past decisions, under /playbook/precedents/."""

from django.urls import path

from playbook.views import precedents as views

urlpatterns = [
    path("", views.index, name="precedents"),
    path("of-case/<int:case>/", views.archive, name="precedent_archive"),
    path("<int:pk>/", views.precedent, name="precedent"),
    path("<int:pk>/overturn/", views.overturn, name="precedent_overturn"),
    path("<int:pk>/take-out/", views.take_out, name="precedent_take_out"),
]
