"""Addresses of the knowledge base, under /playbook/articles/."""

from django.urls import path

from playbook.views import articles as views

urlpatterns = [
    path("", views.index, name="articles"),
    path("new/", views.new, name="article_new"),
    path("gaps/", views.gaps, name="article_gaps"),
    path("revisions/<int:pk>/feedback/", views.feedback, name="article_feedback"),
    path("revisions/<int:pk>/propose/", views.propose, name="article_propose"),
    path("revisions/<int:pk>/take-back/", views.take_back, name="article_take_back"),
    path("revisions/<int:pk>/review/", views.review, name="article_review"),
    path("<int:pk>/still-right/", views.still_right, name="article_still_right"),
    path("<int:pk>/solved/", views.solved, name="article_solved"),
    path("<slug:language>/<slug:key>/", views.article, name="article"),
    path("<slug:language>/<slug:key>/write/", views.write, name="article_write"),
    path("<slug:language>/<slug:key>/describe/", views.describe, name="article_describe"),
    path("<slug:language>/<slug:key>/retire/", views.retire, name="article_retire"),
    path("<slug:language>/<slug:key>/<int:number>/", views.article, name="article_revision"),
]
