"""Who looked, and who let whom in: one append-only chain per person, sealed like the events of a case."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.people import User


class AccessHead(models.Model):
    """Where the chain of one person stands. Locked while an entry is written, so that two at once do not fork it.

    `chain` is the person's id; 0 is for what nobody did who is signed in: failed sign-ins, commands, workers.
    """

    chain = models.PositiveBigIntegerField(_("person"), primary_key=True)
    seq = models.PositiveIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True, default="")
    head_mac = models.CharField(max_length=64, blank=True, default="")
    key_id = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("end of an access log")

    def __str__(self) -> str:
        return f"{self.chain}: {self.seq}"


class AccessEntry(models.Model):
    """One look at sensitive cases, sign-in, or change of what somebody may. The database refuses UPDATE and DELETE.

    `data` names cases and people by id; it holds no words of a case and nothing that was typed.
    """

    chain = models.PositiveBigIntegerField(_("person"))
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=24)
    at = models.DateTimeField(_("at"))
    data = models.JSONField(_("data"), default=dict)
    prev = models.CharField(max_length=64, blank=True, default="")
    mac = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("access log entry")
        verbose_name_plural = _("access log")
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="access_seq_once")]

    def __str__(self) -> str:
        return f"{self.chain}/{self.seq} {self.kind}"


class AccessReview(models.Model):
    """Somebody else has looked at an entry. `recorded` is the entry of the reviewer's own chain that says so."""

    entry = models.OneToOneField(AccessEntry, on_delete=models.PROTECT, primary_key=True, related_name="review")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("at"))
    note = models.CharField(_("note"), max_length=300, blank=True, default="")
    recorded = models.ForeignKey(AccessEntry, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("review of an access log entry")

    def __str__(self) -> str:
        return str(self.entry_id)


class CaseExport(models.Model):
    """A file of cases that left the desk: who took it, what for, and of how many. `entry` names the cases by id."""

    entry = models.OneToOneField(AccessEntry, on_delete=models.PROTECT, primary_key=True, related_name="export")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=300)
    cases = models.PositiveIntegerField(_("cases"))

    class Meta:
        verbose_name = _("export of cases")
        verbose_name_plural = _("exports of cases")

    def __str__(self) -> str:
        return str(self.entry_id)


class AccessMark(models.Model):
    """What is unusual about an entry, worked out once by `services.judging`; entries without one are as usual.

    Not part of the record: it follows from entries, hours and owners by rules that may change, and may be made anew.
    """

    entry = models.OneToOneField(AccessEntry, on_delete=models.PROTECT, primary_key=True, related_name="mark")
    chain = models.PositiveBigIntegerField(_("person"))
    reasons = models.JSONField(_("what is unusual"), default=list)
    open = models.BooleanField(_("nobody has looked"), default=True)

    class Meta:
        verbose_name = _("mark of an access log entry")
        verbose_name_plural = _("marks of access log entries")
        indexes = [models.Index("entry", name="access_unusual", condition=models.Q(open=True))]

    def __str__(self) -> str:
        return str(self.entry_id)


class AccessJudged(models.Model):
    """How far the access log has been looked through for what is unusual: one row."""

    until = models.PositiveBigIntegerField(_("entry"), default=0)
    at = models.DateTimeField(_("at"), null=True, blank=True)
    rules = models.PositiveSmallIntegerField(_("number of the rules"), default=0)

    class Meta:
        verbose_name = _("how far the access log was looked through")

    def __str__(self) -> str:
        return str(self.until)
