"""What guards people: restricted findings, legal holds, and the ledger of what was erased."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.case import Case, CaseQuerySet
from escalations.models.fields import EncryptedTextField
from escalations.models.party import Party
from escalations.models.people import User
from escalations.models.reach import Reach


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    """Reads of findings."""

    def visible_to(self, user: User) -> IndicatorQuerySet:
        """The findings that `user` may see: on cases that they may see, in channels where they hold `see_restricted`.

        Superusers are no exception, and nobody sees findings about themselves. Three queries the first time for a user
        object, none after.
        """
        cases: CaseQuerySet = Case.objects.visible_to(user)
        return self.filter(case__in=cases.filter(channel_id__in=Reach.of(user).channels("see_restricted")))


class Indicator(models.Model):
    """A risk finding that frontline staff must not see. Its words are encrypted and never leave the case's page."""

    class Confidence(models.IntegerChoices):
        LOW = 1, _("low")
        MEDIUM = 2, _("medium")
        HIGH = 3, _("high")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CONFIRMED = "confirmed", _("confirmed")
        DISMISSED = "dismissed", _("dismissed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="indicators")
    type = models.CharField(_("type"), max_length=32)
    source = EncryptedTextField(_("source"))
    confidence = models.PositiveSmallIntegerField(_("confidence"), choices=Confidence.choices)
    body = EncryptedTextField(_("finding"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    settled_because = EncryptedTextField(_("settled because"), blank=True, default="")
    key_id = models.CharField(max_length=32, editable=False)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))
    settled_by = models.CharField(max_length=64, blank=True, default="")
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("restricted finding")

    def __str__(self) -> str:
        return f"finding {self.pk}"


class LegalHold(models.Model):
    """A reason in law to keep what would be erased: of a person, or of one case. Two people place it, two lift it."""

    class State(models.TextChoices):
        ASKED = "asked", _("waits for a second person")
        REFUSED = "refused", _("refused")
        STANDING = "standing", _("stands")
        LIFT_ASKED = "lift_asked", _("stands; lifting waits for a second person")
        LIFTED = "lifted", _("lifted")

    #: In these states nothing is erased: what is only asked for holds already, or an erasure could come in between.
    HOLDS = (State.ASKED, State.STANDING, State.LIFT_ASKED)

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="holds")
    case = models.ForeignKey(
        Case,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="holds",
        help_text=_("Empty: everything about the person is kept."),
    )
    basis = models.CharField(_("basis"), max_length=300)
    review_at = models.DateField(_("to be reviewed"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    lift_reason = models.CharField(_("to be lifted because"), max_length=300, blank=True, default="")
    lift_asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lift_asked_at = models.DateTimeField(_("lifting asked"), null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("legal hold")
        permissions = [("hold_data", _("Place and lift legal holds, with a second person"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True) | ~models.Q(confirmed_by=models.F("asked_by")),
                name="a_hold_takes_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_by__isnull=True) | ~models.Q(lifted_by=models.F("lift_asked_by")),
                name="lifting_a_hold_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class Erasure(models.Model):
    """One entry of the erasure ledger: who asked, why, what was erased, and fingerprints by which it can be done again
    after a restore from a backup. Holds nothing by which the person could be named."""

    class Kind(models.TextChoices):
        PERSON = "person", _("a person's data")
        RETENTION = "retention", _("what was kept long enough")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked_by = models.CharField(_("asked by"), max_length=76)
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(_("at"))
    digests = models.JSONField(_("fingerprints"), default=dict)
    certificate = models.JSONField(_("certificate"), default=dict)
    certificate_digest = models.CharField(_("digest of the certificate"), max_length=64)
    mac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    copied_at = models.DateTimeField(_("copied to the ledger's file"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("erasure")
        permissions = [("answer_data_requests", _("Export and erase a person's data at their request"))]
        indexes = [models.Index("id", name="erasure_uncopied", condition=models.Q(copied_at__isnull=True))]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class ErasureRequest(models.Model):
    """An erasure that somebody asked for at a page, on its way through a worker; `entry` is what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a worker")
        ERASING = "erasing", _("is erased")
        CLEANING = "cleaning", _("is erased; what the database keeps of it is cleaned")
        DONE = "done", _("done")
        FAILED = "failed", _("did not go through")

    #: In these states something is still to come.
    UNDER_WAY = (State.WAITING, State.ERASING, State.CLEANING)

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(_("asked"))
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    said = models.CharField(_("what stood against it, or is left to do"), max_length=600, blank=True, default="")
    entry = models.ForeignKey(Erasure, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        verbose_name = _("request for erasure")
        verbose_name_plural = _("requests for erasure")
        constraints = [
            models.UniqueConstraint(
                fields=["party"],
                condition=models.Q(state__in=["waiting", "erasing", "cleaning"]),
                name="one_erasure_of_a_person_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"request for erasure {self.pk}"
