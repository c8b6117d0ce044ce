"""Addresses of playbook: every page of the version in force, and under its number of any other."""

from django.urls import URLPattern, URLResolver, include, path

from playbook.views import changes, onboarding, pages

READING: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("category/<str:code>/", pages.category, name="category"),
    path("page/<str:key>/", pages.page, name="page"),
    path("region/<str:key>/", pages.region, name="region"),
    path("teams/", pages.teams, name="teams"),
    path("ladders/", pages.ladders, name="ladders"),
    path("ownership/", pages.ownership, name="ownership"),
    path("search/", changes.search, name="search"),
]

app_name = "playbook"
urlpatterns: list[URLPattern | URLResolver] = [
    *READING,
    path("changes/", changes.changelog, name="changes"),
    path("changes/feed/", changes.feed, name="feed"),
    path("versions/", pages.versions, name="versions"),
    path("onboarding/", onboarding.track, name="onboarding"),
    path("onboarding/choose/", onboarding.choose, name="choose_track"),
    path("onboarding/read/", onboarding.read, name="studied"),
    path("onboarding/news/", onboarding.news, name="news"),
    path("onboarding/team/", onboarding.team, name="learners"),
    path("onboarding/drill/<str:topic>/", onboarding.drill, name="drill"),
    path("articles/", include("playbook.article_urls")),
    path("precedents/", include("playbook.precedent_urls")),
    path("<int:number>/", include(READING)),
]
