"""What every form of an act stands on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.errors import DeskError, Invalid
from escalations.models import User
from escalations.selectors.casepage import Top


class Moment(forms.DateTimeField):
    """A moment in the reader's zone, from a browser's date and time control."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return timezone.localtime(value) if isinstance(value, dt.datetime) else value


def text(
    label: Any, *, rows: int = 4, required: bool = True, help_text: Any = "", initial: str = ""
) -> forms.CharField:
    """A field for words."""
    return forms.CharField(
        label=label,
        required=required,
        help_text=help_text,
        initial=initial,
        strip=True,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": _("Write something here.")},
    )


class Why(forms.Form):
    """An act that needs a reason."""

    use_required_attribute = False

    reason = text(_("Why"))

    def __init__(self, data: Any = None, *, help_text: Any = "") -> None:
        super().__init__(data)
        self.fields["reason"].help_text = help_text


def explained(name: str, more: str) -> SafeString:
    """A choice with a line of explanation below its name."""
    return format_html("{}<small>{}</small>", name, more)


def refuse(form: forms.BaseForm, error: DeskError, names: Mapping[str, str] | None = None) -> None:
    """Show a service's refusal where it belongs: beside its field, else above the form. `names` says what the form
    calls a field that the service calls otherwise."""
    field = None
    if isinstance(error, Invalid):
        named = (names or {}).get(error.field, error.field)
        field = named if named in form.fields else None
    form.add_error(field, str(error))


class ActForm(forms.Form):
    """A form of one act on one case. `version` is the state of the case that the person saw."""

    #: What a service calls a field -> what this form calls it, where the two differ.
    names: ClassVar[Mapping[str, str]] = {}
    use_required_attribute = False

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, top: Top, user: User, now: dt.datetime, params: Any = None) -> None:
        self.top, self.user, self.now, self.params = top, user, now, params or {}
        super().__init__(data, initial={"version": top.case.version}, auto_id="act_%s")
        self.build()
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs.setdefault("aria-describedby", f"act_{name}_help")

    def build(self) -> None:
        """Fill in what depends on the case: choices, initial values, help."""

    def clean(self) -> dict[str, Any]:
        """A form that does not say which state of the case it is about is not sent on."""
        data = super().clean() or self.cleaned_data
        if "version" in self.errors:
            self.add_error(
                None,
                __("The form lost the state of the case that it was about. Nothing was saved; look, and save again."),
            )
        return data

    def arguments(self) -> dict[str, Any]:
        """What the service takes, apart from case, actor, time and version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def errors_from(self, error: DeskError) -> None:
        """Show a service's refusal where it belongs: beside its field, else above the form."""
        refuse(self, error, self.names)

    def renew(self, version: int) -> None:
        """Take the case's present version, so that saving again is about what is there now."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(version)
        self.data = data
