"""Addresses of escalations."""

from django.urls import URLPattern, URLResolver, path, re_path

from escalations import views

app_name = "escalations"
urlpatterns: list[URLPattern | URLResolver] = [
    path("status/<str:token>/", views.status, name="status"),
    # Cut off, with something behind it, or misspelt: the same answer for all.
    re_path(r"^status(?:/(?P<token>(?s:.*)))?\Z", views.status, name="status_misspelt"),
]
