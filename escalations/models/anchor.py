"""Anchors: the ends of all chains as they once were, signed with a key that the web does not have."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Anchor(models.Model):
    """What was seen at one moment: how many cases, and the ends of the chains that had moved since the anchor before.

    `body` is the JSON text that was signed. It names the digest of the anchor before and of each of its own parts.
    """

    number = models.PositiveIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("at"))
    body = models.TextField(_("what was signed"))
    signature = models.CharField(max_length=128)
    key_id = models.CharField(max_length=32)

    class Meta:
        ordering = ["number"]
        verbose_name = _("anchor")

    def __str__(self) -> str:
        return f"{_('anchor')} {self.number}"


class AnchorPart(models.Model):
    """Some of the ends that an anchor has kept, packed (`core.proving`): 44 bytes each, in the order of their ids."""

    anchor = models.ForeignKey(Anchor, on_delete=models.PROTECT, related_name="parts", db_index=False)
    place = models.PositiveIntegerField()
    space = models.CharField(max_length=8)
    heads = models.BinaryField()

    class Meta:
        verbose_name = _("part of an anchor")
        constraints = [models.UniqueConstraint(fields=["anchor", "place"], name="anchor_part_once")]

    def __str__(self) -> str:
        return f"{self.anchor_id}/{self.place}"
