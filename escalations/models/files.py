"""Files of a case: what was sent as evidence, or beside it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.core.vetting import KINDS, REFUSALS, Kind
from escalations.models.case import Case, CaseQuerySet
from escalations.models.correspondence import Evidence
from escalations.models.fields import EncryptedTextField
from escalations.models.people import User


class CaseFileQuerySet(models.QuerySet["CaseFile"]):
    """Reads of files."""

    def visible_to(self, user: User | AnonymousUser) -> CaseFileQuerySet:
        """The files of cases that `user` may see. Three queries the first time for a user object, none after."""
        cases: CaseQuerySet = Case.objects.visible_to(user)
        return self.filter(case__in=cases)

    def kept(self) -> CaseFileQuerySet:
        """Files that count for the case: neither removed nor refused."""
        return self.filter(removed_at__isnull=True).exclude(scan_state=CaseFile.Scan.REFUSED)

    def servable(self) -> CaseFileQuerySet:
        """Files whose bytes may be handed to somebody: looked through and not removed."""
        return self.filter(removed_at__isnull=True, scan_state=self.model.Scan.CLEAN, storage_key__isnull=False)

    def to_discard(self) -> CaseFileQuerySet:
        """Files whose bytes are to go, and may still lie in storage."""
        gone = models.Q(removed_at__isnull=False) | models.Q(scan_state=CaseFile.Scan.REFUSED)
        return self.filter(gone).filter(models.Q(storage_key__isnull=False) | ~models.Q(thumbnail_key=""))


class CaseFile(models.Model):
    """One file of a case. The row outlives its bytes: that it was there, and that it was removed, stays."""

    class Scan(models.TextChoices):
        WAITING = "waiting", _("is being checked")
        CLEAN = "clean", _("checked")
        REFUSED = "refused", _("refused")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="files")
    evidence = models.ForeignKey(
        Evidence,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="files",
        help_text=_("Empty: it belongs to no item of evidence."),
    )
    name = EncryptedTextField(_("name"))
    key_id = models.CharField(max_length=32, editable=False)
    declared = models.CharField(_("declared type"), max_length=100, blank=True, default="")
    sniffed_type = models.CharField(_("kind"), max_length=8, blank=True, default="")
    size = models.PositiveBigIntegerField(_("size in bytes"), help_text=_("Of what is kept."))
    sha256 = models.CharField(max_length=64, help_text=_("Of what is kept: pictures are written anew."))
    received_sha256 = models.CharField(max_length=64, help_text=_("Of what was sent."))
    storage_key = models.CharField(max_length=80, unique=True, null=True, blank=True, help_text=_("Empty: bytes gone."))
    thumbnail_key = models.CharField(max_length=80, blank=True, default="")
    scan_state = models.CharField(_("check"), max_length=8, choices=Scan.choices, default=Scan.WAITING)
    refused_because = models.CharField(max_length=16, blank=True, default="")
    completes = models.BooleanField(default=False, help_text=_("Its item of evidence is here once it is checked."))
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"))
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    removed_by = models.CharField(max_length=64, blank=True, default="")
    removed_because = models.CharField(_("removed because"), max_length=300, blank=True, default="")

    objects = CaseFileQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        verbose_name = _("file")
        indexes = [
            models.Index("id", name="file_waiting", condition=models.Q(scan_state="waiting", removed_at__isnull=True)),
            models.Index("id", name="file_removed", condition=models.Q(removed_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "received_sha256"],
                condition=models.Q(removed_at__isnull=True) & ~models.Q(scan_state="refused"),
                name="one_file_once_in_a_case",
            ),
        ]

    def __str__(self) -> str:
        return f"file {self.pk}"

    @property
    def kind(self) -> Kind | None:
        """What it is, once it is known."""
        return KINDS.get(self.sniffed_type)

    @property
    def refusal(self) -> str:
        """Why it is refused, with what to do; empty when it is not."""
        return REFUSALS.get(self.refused_because, "")
