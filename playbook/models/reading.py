"""Who has read which page: so that a page can say what changed since."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models import PolicyVersion


class PageReading(models.Model):
    """The newest version of a page that a person has had before them. It serves the reader alone: nobody is counted,
    and to have read a page is not to have agreed to it."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(_("page"), max_length=120, help_text=_("Such as guide.start, or category.order.damaged."))
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("version"))
    read_at = models.DateTimeField(_("read at"))

    class Meta:
        verbose_name = _("page read")
        verbose_name_plural = _("pages read")
        constraints = [models.UniqueConstraint(fields=["reader", "page"], name="one_reading_a_page")]

    def __str__(self) -> str:
        return f"{self.page} ({self.version_id})"
