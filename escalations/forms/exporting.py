"""What somebody says who takes cases away as a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escalations.services.exporting import REASON_LENGTH


class ExportForm(forms.Form):
    """The reason, and for what the file is written."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("What is it for?"),
        max_length=REASON_LENGTH,
        help_text=_("It stays on the access log beside the cases. No names or addresses of parties, please."),
        error_messages={"required": _("Say what the file is for: it stays on the access log.")},
    )
    written_for = forms.ChoiceField(
        label=_("Written for"),
        choices=[("sheet", _("a spreadsheet (UTF-8 with its mark)")), ("program", _("a program (UTF-8)"))],
        initial="sheet",
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="act_%s")
        self.fields["reason"].widget.attrs["aria-describedby"] = "act_reason_help"
