"""The knowledge base: articles, what each of their texts said, and how they helped."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from escalations.models import Case


def person(**more: Any) -> models.ForeignKey[Any, Any]:
    """A key to somebody of the desk, from whom nothing leads back."""
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **more)


class Article(models.Model):
    """What is known about something, for one audience in one language. Its words are in its revisions.

    Written by `services.articles` alone. The key stays, so that links do; the same key in another language is the same
    article in that language. `visibility` is the key of a channel: whoever does not see what is restricted there does
    not learn that the article exists.
    """

    class Audience(models.TextChoices):
        BUYER = "buyer", _("buyers")
        SELLER = "seller", _("sellers")
        AGENT = "agent", _("agents")

    class Device(models.TextChoices):
        WEB = "web", _("in a browser")
        IOS = "ios", _("on an iPhone or iPad")
        ANDROID = "android", _("on an Android phone")

    key = models.SlugField(_("key"), max_length=80)
    language = models.CharField(_("language"), max_length=8)
    audience = models.CharField(_("about the questions of"), max_length=8, choices=Audience.choices)
    device = models.CharField(_("device"), max_length=8, choices=Device.choices, blank=True, default="")
    visibility = models.CharField(
        _("only for"), max_length=64, blank=True, default="", db_index=True, help_text=_("Key of a channel, or empty.")
    )
    owner = person(verbose_name=_("looked after by"))
    review_by = models.DateField(_("review by"))
    created_at = models.DateTimeField(_("begun at"))
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    retired_by = person(null=True, blank=True)
    retired_reason = models.TextField(_("why it was retired"), blank=True, default="")
    version = models.PositiveIntegerField(_("version"), default=1)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        ordering = ["key", "language"]
        verbose_name = _("article")
        permissions = [
            ("write_article", "Can write articles of the knowledge base"),
            ("review_article", "Can review articles of the knowledge base"),
        ]
        constraints = [models.UniqueConstraint(fields=["key", "language"], name="one_article_a_language")]
        indexes = [
            models.Index("review_by", name="article_review", condition=models.Q(retired_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.language}/{self.key}"

    def get_absolute_url(self) -> str:
        return reverse("playbook:article", args=[self.language, self.key])


class ArticleCategory(models.Model):
    """A category of cases that an article is about, by its key in the registry."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="categories")
    category = models.CharField(_("category"), max_length=64, db_index=True)

    class Meta:
        ordering = ["category"]
        verbose_name = _("category of an article")
        verbose_name_plural = _("categories of articles")
        constraints = [models.UniqueConstraint(fields=["article", "category"], name="one_category_of_an_article")]

    def __str__(self) -> str:
        return self.category


class Revision(models.Model):
    """One writing of an article. Its author may change it while it is a draft; then it stays as it is, and what
    becomes of it is decided by somebody else."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("to be reviewed")
        CURRENT = "current", _("current")
        SUPERSEDED = "superseded", _("replaced")
        REJECTED = "rejected", _("rejected")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=160)
    body = models.TextField(_("text"), help_text=_("Markdown."))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    reason = models.TextField(_("what changes, and why"), blank=True, default="")
    author = person(verbose_name=_("written by"))
    written_at = models.DateTimeField(_("written at"))
    reviewer = person(null=True, blank=True, verbose_name=_("reviewed by"))
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    review = models.TextField(_("what the reviewer says"), blank=True, default="")
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        ordering = ["article", "-number"]
        verbose_name = _("revision of an article")
        verbose_name_plural = _("revisions of articles")
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="one_revision_a_number"),
            models.UniqueConstraint(
                fields=["article"], condition=models.Q(state="current"), name="one_current_revision"
            ),
            models.UniqueConstraint(
                fields=["article"], condition=models.Q(state__in=["draft", "proposed"]), name="one_open_revision"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "proposed"])
                | (models.Q(reviewer__isnull=False) & models.Q(reviewed_at__isnull=False)),
                name="decided_revision_has_its_reviewer",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["current", "superseded"]) | ~models.Q(reviewer=models.F("author")),
                name="reviews_take_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"

    @property
    def is_open(self) -> bool:
        """Whether anything may still become of it."""
        return self.state in (self.State.DRAFT, self.State.PROPOSED)


class ArticleText(models.Model):
    """The plain words of an article's current text, which are searched. Written with the revision; the index of the
    database follows by itself (`finding.py`)."""

    article = models.OneToOneField(Article, on_delete=models.CASCADE, primary_key=True, related_name="text")
    language = models.CharField(_("language"), max_length=8)
    title = models.CharField(_("title"), max_length=160)
    words = models.TextField(_("words"))

    class Meta:
        verbose_name = _("words of an article")
        verbose_name_plural = _("words of articles")

    def __str__(self) -> str:
        return self.title


class Feedback(models.Model):
    """What a reader says of one text: whether it was clear, and in words why not. Never changed."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="feedback")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    helpful = models.BooleanField(_("was it clear"))
    words = models.CharField(_("in words"), max_length=500, blank=True, default="")
    by = person()
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("feedback on an article")
        verbose_name_plural = _("feedback on articles")
        indexes = [models.Index("article", "at", name="feedback_since")]

    def __str__(self) -> str:
        return f"{self.article_id} {'yes' if self.helpful else 'no'}"


class Solved(models.Model):
    """A case that an article solved, by the text that was read. Never changed."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="solved")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    by = person()
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("case that an article solved")
        verbose_name_plural = _("cases that articles solved")
        constraints = [models.UniqueConstraint(fields=["article", "case"], name="solved_once")]

    def __str__(self) -> str:
        return f"{self.article_id} {self.case_id}"
