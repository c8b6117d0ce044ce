"""The case: one issue of one party, from intake to closure. State here, words in `CaseText`, history beside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from escalations.models.party import Party
from escalations.models.people import User
from escalations.models.policy import PolicyVersion
from escalations.models.reach import Reach
from escalations.models.registry import Category, Channel, Level, Region, Team
from escalations.models.shown import shown

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from escalations.models.links import PartyLink

#: How long a party may still follow a case that is closed.
FOLLOWED_AFTER_CLOSING = dt.timedelta(days=30)

# Later than any due moment: a case without a running clock sorts last, and no ordering column is null.
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

CHAIN_FIELDS = ("chain_seq", "chain_mac", "head_mac", "key_id")


class CaseQuerySet(models.QuerySet["Case"]):
    """Reads of cases."""

    def visible_to(self, user: User | AnonymousUser) -> CaseQuerySet:
        """The cases that `user` may see: those of channels where the person, or a group of theirs, holds `see_cases`,
        and those opened to them singly for now, less the cases in which they are the party themselves.

        Superusers are no exception. Costs three queries the first time for a user object (their channels, their grants,
        their own parties), none after; people who are signed out or inactive see nothing. A page of a long list is
        asked of `selectors.reading`, which shows the same cases without sorting all of them.
        """
        reach = Reach.of(user)
        seen = models.Q(channel_id__in=reach.channels("see_cases"))
        if granted := reach.granted("see_cases"):
            # Ids, not a subquery: both databases then look them up by key beside whatever index the rest runs on.
            seen |= models.Q(pk__in=granted)
        cases = self.filter(seen)
        return cases.exclude(party_id__in=reach.own_parties) if reach.own_parties else cases

    def followed_by(self, link: PartyLink, *, now: dt.datetime) -> CaseQuerySet:
        """The cases that a party follows by a link, the sibling of `visible_to` for people without an account: the case
        that it was made for and those that it was merged into. None at all when the words of one were erased, or the
        one that lives on is closed for longer than `FOLLOWED_AFTER_CLOSING`.

        What a page shows of them besides is narrowed to the party (`Message.objects.of_party`). Needs a link in force.
        Two queries, and one for each merge.
        """
        path = [link.case_id]
        rows = Case.objects.filter(text__erased_at__isnull=True).values_list("merged_into_id", "closed_at")
        while True:
            found = rows.filter(pk=path[-1]).first()
            if found is None:
                return self.none()
            into, closed_at = found
            if into is None or into in path:
                break
            path.append(into)
        if closed_at is not None and closed_at + FOLLOWED_AFTER_CLOSING <= now:
            return self.none()
        return self.filter(pk__in=path)

    def open(self) -> CaseQuerySet:
        """Cases not closed or merged. Renders as a bare `is_open`, which the partial indexes of both databases need."""
        return self.filter(is_open=True)


class Case(models.Model):
    """One issue. Written only by the services; `version` counts its changes so that a stale save is refused."""

    class Status(models.TextChoices):
        NEW = "new", _("new")
        TRIAGED = "triaged", _("triaged")
        ASSIGNED = "assigned", _("assigned")
        IN_PROGRESS = "in_progress", _("in progress")
        WAITING = "waiting", _("waiting")
        REOPENED = "reopened", _("reopened")
        RESOLVED = "resolved", _("resolved")
        CLOSED = "closed", _("closed")
        MERGED = "merged", _("merged")

    class Band(models.IntegerChoices):
        LOW = 0, _("low")
        NORMAL = 1, _("normal")
        HIGH = 2, _("high")
        CRITICAL = 3, _("critical")

    class Source(models.TextChoices):
        MAIL = "mail", _("mail")
        CHAT = "chat", _("chat")
        PHONE = "phone", _("phone")
        FORM = "form", _("form")
        API = "api", _("API")
        DESK = "desk", _("desk")
        IMPORT = "import", _("import")

    reference = models.CharField(_("reference"), max_length=24)
    external_ref = models.CharField(_("reference elsewhere"), max_length=64, blank=True, default="")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="cases")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+", db_index=False)
    symptom = models.CharField(_("symptom"), max_length=64)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner"), db_index=False)
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.NEW)
    severity_band = models.PositiveSmallIntegerField(_("severity"), choices=Band.choices, default=Band.NORMAL)
    is_open = models.BooleanField(default=True)
    radar_at = models.DateTimeField(_("next due"), default=NEVER)
    version = models.PositiveIntegerField(default=1)
    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    ladder = models.CharField(_("ladder"), max_length=64, blank=True, default="")
    calendar_digest = models.CharField(max_length=64)
    source = models.CharField(_("came by"), max_length=8, choices=Source.choices)
    language = models.CharField(_("language"), max_length=8, default="en")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", db_index=False
    )
    root_cause = models.CharField(_("root cause"), max_length=64, blank=True, default="")
    opened_at = models.DateTimeField(_("received"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(_("times reopened"), default=0)
    chain_seq = models.PositiveIntegerField(default=0)
    chain_mac = models.CharField(max_length=64, blank=True, default="")
    head_mac = models.CharField(max_length=64, blank=True, default="")
    key_id = models.CharField(max_length=32, blank=True, default="")

    objects = CaseQuerySet.as_manager()
    # State only: the chain's own columns are left out, since events carry the digest of the history row.
    history = HistoricalRecords(excluded_fields=list(CHAIN_FIELDS), user_db_constraint=False, no_db_index=["party"])

    class Meta:
        ordering = ["-id"]
        verbose_name = _("case")
        constraints = [models.UniqueConstraint(fields=["reference"], name="case_reference_once")]
        # Each index is written with every case and every move of one, by the sweep a million times a day. So foreign
        # keys have none of their own: rows of the registry are retired, never deleted, and these serve the lists.
        indexes = [
            models.Index(
                "channel", "radar_at", models.F("id").desc(), name="case_radar", condition=models.Q(is_open=True)
            ),
            models.Index("radar_at", models.F("id").desc(), name="case_due", condition=models.Q(is_open=True)),
            models.Index("assignee", "radar_at", name="case_mine", condition=models.Q(is_open=True)),
            models.Index("team", "radar_at", name="case_team", condition=models.Q(is_open=True)),
            models.Index("channel", models.F("id").desc(), name="case_newest"),
            models.Index("external_ref", name="case_external", condition=~models.Q(external_ref="")),
        ]

    def __str__(self) -> str:
        return self.reference

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Case:
        """A row as it comes from the database. While a page is made for somebody, it counts as shown to them."""
        row = super().from_db(db, field_names, values, **more)
        shown(row.__dict__)
        return row

    def get_absolute_url(self) -> str:
        return f"/admin/escalations/case/{self.pk}/change/"


class CaseText(models.Model):
    """The words of a case, apart from its state so that they can be erased and never reach a history table."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True, related_name="text")
    summary = models.CharField(_("summary"), max_length=300)
    description = models.TextField(_("description"), blank=True, default="")
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("words of a case")
        verbose_name_plural = _("words of cases")

    def __str__(self) -> str:
        return str(self.case_id)


class CaseFact(models.Model):
    """A fact of a case as conditions read it, with source and state. Its changes are events."""

    class State(models.TextChoices):
        GIVEN = "given", _("given")
        CLAIMED = "claimed", _("claimed")
        VERIFIED = "verified", _("verified")
        DISMISSED = "dismissed", _("dismissed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="facts")
    key = models.CharField(_("fact"), max_length=64)
    value = models.JSONField(_("value"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CLAIMED)
    source = models.CharField(_("source"), max_length=64, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("fact")
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="one_value_per_fact")]

    def __str__(self) -> str:
        return self.key


class CaseDecision(models.Model):
    """One evaluation of the matrix for one case: append-only, rendered to words only when somebody looks."""

    class Cause(models.TextChoices):
        OPENED = "opened", _("opened")
        FACTS = "facts", _("facts changed")
        RECLASSIFIED = "reclassified", _("category changed")
        MOVED = "moved", _("moved to another version")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    at = models.DateTimeField(_("at"))
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices, default=Cause.OPENED)
    policy_version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    engine_version = models.PositiveSmallIntegerField()
    facts = models.JSONField(default=dict)
    rule_key = models.CharField(_("rule"), max_length=64, blank=True, default="")
    outcome = models.JSONField(default=dict)
    trace = models.BinaryField()
    trigger_trace = models.BinaryField()
    applied = models.BooleanField(_("applied"), default=True)

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("decision")

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.rule_key or 'category'}"


class Ownership(models.Model):
    """Who had a case from when to when: one open interval per open case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ownerships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    assignee = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    business_s = models.PositiveIntegerField(_("business seconds"), null=True, blank=True)
    cause = models.CharField(_("cause"), max_length=32)

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("ownership")
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(ends_at__isnull=True), name="one_open_ownership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team} / {self.assignee or '-'}"
