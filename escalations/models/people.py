"""The people of the desk and their live state: memberships, absences, cover, on-call shifts. No vote is needed here."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.registry import Level, Role, Specialism, Team


class User(AbstractUser):
    """Somebody who works at the desk. Parties have no account."""

    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, default="en")

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        # Which role gives which of them: core.roles.
        permissions = [
            ("enter_desk", _("Enter the desk")),
            ("work_here", _("Be let into channels as somebody who works there")),
            ("lead_teams", _("Decide on the members of the teams that they lead, and who is on call")),
            ("oversee_teams", _("See the load of all teams")),
            ("know_channels", _("Be let into channels as a specialist")),
            ("read_playbook", _("Read the pages of the playbook")),
            ("use_api", _("Use the desk as a program")),
            ("give_roles", _("Give and take roles")),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """A person in a team: at which level, with what skills and languages, for how many open cases."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    leads = models.BooleanField(_("leads the team"), default=False)
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=12, help_text=_("Open cases at one time."))
    specialisms = models.ManyToManyField(Specialism, blank=True, related_name="+")
    languages = models.JSONField(_("languages"), default=list, blank=True, help_text=_('For example ["en", "de"].'))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        ordering = ["team", "person"]
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "team"], condition=models.Q(ends_at__isnull=True), name="one_open_membership"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
                name="membership_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.team}"


class Absence(models.Model):
    """A time in which a person takes no work."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("absence")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}, away"


class Cover(models.Model):
    """Who stands in for a person in a span of time. Cover is followed to its end; cycles are refused."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="covered_by")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="covers")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        ordering = ["-starts_at"]
        verbose_name = _("cover")
        verbose_name_plural = _("cover")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="cover_ends_after_start"
            ),
            models.CheckConstraint(condition=~models.Q(person=models.F("by")), name="nobody_covers_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.by} for {self.person}"


class OnCallShift(models.Model):
    """Who holds an on-call role in a span of time."""

    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="shifts")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        ordering = ["role", "-starts_at"]
        verbose_name = _("on-call shift")

    def __str__(self) -> str:
        return f"{self.role}: {self.person}"
