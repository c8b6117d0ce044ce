"""Addresses of playbook."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "playbook"
urlpatterns: list[URLPattern | URLResolver] = [
    path("articles/", include("playbook.article_urls")),
]
