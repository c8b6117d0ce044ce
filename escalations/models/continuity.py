"""How a case moves between people: handoffs, escalations, remedies with their approvals, links."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case
from escalations.models.people import User
from escalations.models.registry import Level, Team


class Handoff(models.Model):
    """A change of owner, with a note and the brief as it stood; accepted, or returned as misrouted with the reason."""

    class State(models.TextChoices):
        OFFERED = "offered", _("to be accepted")
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")
        SUPERSEDED = "superseded", _("superseded")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="handoffs")
    from_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    to_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    from_person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False)
    to_person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False)
    from_level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    note = models.TextField(_("note"))
    brief = models.JSONField(_("brief"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OFFERED)
    returned_because = models.TextField(_("returned because"), blank=True, default="")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("handoff")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=models.Q(state="offered"), name="one_open_handoff")
        ]
        indexes = [models.Index("to_team", "at", name="handoff_waiting", condition=models.Q(state="offered"))]

    def __str__(self) -> str:
        return f"{self.from_team} > {self.to_team}"


class Escalation(models.Model):
    """A climb to a higher authority: why, by whom, from where to where, and what came of it."""

    class Type(models.TextChoices):
        TIME = "time", _("time")
        SEVERITY = "severity", _("severity")
        POLICY_CONFLICT = "policy_conflict", _("policy conflict")
        PARTY_REQUEST = "party_request", _("party's request")
        MANUAL = "manual", _("manual")

    class Cause(models.TextChoices):
        TIME = "time", _("time ran out")
        SEVERITY = "severity", _("severity")
        KNOWLEDGE = "knowledge", _("agent lacked knowledge")
        STALE_ARTICLE = "stale_article", _("article was stale")
        ATTITUDE = "attitude", _("attitude")
        POLICY_CONFLICT = "policy_conflict", _("policies conflict")
        AUTHORITY = "authority", _("authority needed")
        PARTY_WISH = "party_wish", _("party's wish")

    class State(models.TextChoices):
        STANDING = "standing", _("standing")
        DE_ESCALATED = "de_escalated", _("de-escalated")
        CLOSED = "closed", _("closed with the case")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    type = models.CharField(_("type"), max_length=16, choices=Type.choices)
    cause = models.CharField(_("cause"), max_length=16, choices=Cause.choices)
    from_level = models.ForeignKey(
        Level, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    to_level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    from_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    to_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    rung_key = models.CharField(_("rung"), max_length=64, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.STANDING)
    outcome = models.TextField(_("outcome"), blank=True, default="")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("escalation")

    def __str__(self) -> str:
        return f"{self.from_level} > {self.to_level}"


class Remedy(models.Model):
    """Something given to put things right. Who decided on it is in `Approval` where the grantor's level was too low."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("waiting for approval")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="remedies")
    kind = models.CharField(_("remedy"), max_length=64)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    reason = models.TextField(_("reason"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("remedy")
        verbose_name_plural = _("remedies")

    def __str__(self) -> str:
        return f"{self.kind} {self.currency} {self.amount}" if self.amount is not None else self.kind


class Approval(models.Model):
    """A request to a higher level to decide on a remedy, and its answer."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    remedy = models.OneToOneField(Remedy, on_delete=models.PROTECT, related_name="approval")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="approvals")
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.TextField(_("reason"), blank=True, default="")
    asked_at = models.DateTimeField(_("asked"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("approval")
        indexes = [models.Index("level", "asked_at", name="approval_waiting", condition=models.Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.remedy} at {self.level}"


class CaseLink(models.Model):
    """Two cases that belong together."""

    class Kind(models.TextChoices):
        RELATED = "related", _("related")
        DUPLICATE = "duplicate", _("duplicate")
        SAME_PARTY = "same_party", _("same party")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="linked_from")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.RELATED)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("link")
        constraints = [
            models.UniqueConstraint(fields=["case", "other", "kind"], name="one_link_of_a_kind"),
            models.CheckConstraint(condition=~models.Q(case=models.F("other")), name="no_link_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} ~ {self.other_id}"
