"""Forms of the council's pages: each of one act."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from escalations.forms.base import Moment, text


class Propose(forms.Form):
    """Put a draft to those who decide. A moment is entered and shown in the reader's zone."""

    use_required_attribute = False

    reason = text(_("Why the change is wanted"), help_text=_("Whoever decides on it reads this first."))
    effective_at = Moment(label=_("In force from"))

    def __init__(self, data: Any = None, *, warnings: list[str], now: dt.datetime) -> None:
        super().__init__(data)
        zone = timezone.get_current_timezone_name()
        self.fields["effective_at"].help_text = _("In your zone, %(zone)s. Not in the past.") % {"zone": zone}
        tomorrow = timezone.localtime(now).replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        self.fields["effective_at"].initial = tomorrow
        if warnings:
            self.fields["warnings_reason"] = text(
                _("Why it is meant so, in spite of the warnings"), help_text=_("It stays beside the proposal.")
            )


class Approve(forms.Form):
    """Say yes to one text, named by its digest."""

    use_required_attribute = False

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = text(_("A word on it"), required=False, rows=3, help_text=_("It stays on record."))
