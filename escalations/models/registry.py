"""Registry rows: the keys that policy documents refer to, as rows that cases can point at.

They are projected from a policy version when it is installed (`services.policy.install` is the only writer of live
rows), read-only in the admin, never deleted: a key that falls out of the law is retired, with a successor where cases
still need one. `services.imports` adds rows that are retired from their first moment, for teams and categories that
past cases of another desk had.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase


class RegistryRow(models.Model):
    """A key with its name."""

    key = models.CharField(_("key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    successor = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name


class Level(RegistryRow):
    """An authority level: a higher rank may decide more."""

    rank = models.PositiveSmallIntegerField(_("rank"), default=1)

    class Meta(RegistryRow.Meta):
        ordering = ["rank"]
        verbose_name = _("authority level")


class Specialism(RegistryRow):
    """A skill that a person has and a category asks for."""

    class Meta(RegistryRow.Meta):
        verbose_name = _("specialism")


class Role(RegistryRow):
    """A role that somebody holds at any hour; who, is in `OnCallShift`."""

    class Meta(RegistryRow.Meta):
        verbose_name = _("on-call role")


class Channel(RegistryRow):
    """A compartment of cases with its own object-level permissions."""

    rank = models.PositiveSmallIntegerField(_("strictness"), default=0)
    sensitive = models.BooleanField(_("sensitive"), default=False)
    second_factor = models.BooleanField(_("asks for a second factor"), default=False)

    class Meta(RegistryRow.Meta):
        verbose_name = _("channel")
        ordering = ["rank", "key"]
        permissions = [
            ("see_cases", _("See the cases of this channel")),
            ("work_cases", _("Work on the cases of this channel")),
            ("see_restricted", _("See restricted rules and indicators of this channel")),
            ("see_party_data", _("See the personal data of parties")),
            ("export_cases", _("Export cases of this channel")),
            ("manage_members", _("Decide who belongs to this channel")),
        ]


class ChannelGroupPermission(GroupObjectPermissionBase):
    """A permission on a channel held by a group (direct foreign key: guardian's generic tables are slower)."""

    content_object = models.ForeignKey(Channel, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        verbose_name = _("channel permission of a group")


class ChannelUserPermission(UserObjectPermissionBase):
    """A permission on a channel held by one person; groups are preferred."""

    content_object = models.ForeignKey(Channel, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = _("channel permission of a person")


class Region(RegistryRow):
    """A region of the marketplace, with the path of its ancestors."""

    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(_("path"), max_length=400, db_index=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")

    class Meta(RegistryRow.Meta):
        ordering = ["path"]
        verbose_name = _("region")


class Team(RegistryRow):
    """A team that owns categories to the end."""

    purpose = models.TextField(_("purpose"), blank=True, default="")
    calendar_key = models.CharField(_("calendar"), max_length=64, default="")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")

    class Meta(RegistryRow.Meta):
        verbose_name = _("team")


class Category(RegistryRow):
    """A node of the taxonomy. Its policy (owner, targets, ladder, ...) is in the policy document."""

    side = models.CharField(_("side"), max_length=16)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    class Meta(RegistryRow.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
