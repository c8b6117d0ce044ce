"""Forms that are about a draft as a whole: begin one, give it up; and the reason that each act asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.forms.base import text
from playbook.core.reading import flat
from playbook.core.source import LARGEST, Problem, Source, SourceError, parse


class BeginDraft(forms.Form):
    """A working title; and a file, where the draft is not a copy of what is in force."""

    use_required_attribute = False

    title = forms.CharField(
        label=_("Working title"),
        max_length=120,
        help_text=_("What this draft is about, for you and those who decide: “Refunds in Germany”."),
        error_messages={"required": _("Give it a title by which others know it.")},
    )
    again = forms.TypedChoiceField(
        label=_("As it was"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Go back to an earlier version: the draft says what it said, and shows how that differs from now."),
    )
    file = forms.FileField(
        label=_("From a file"),
        required=False,
        help_text=_(
            "One YAML file, as “Download as one file” gives it. Left out, the draft is a copy of the version in force."
        ),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json"}),
    )

    problems: tuple[Problem, ...] = ()
    """What is wrong with the file, each with its place."""

    def __init__(self, data: Any = None, files: Any = None, *, earlier: Sequence[tuple[int, str]] = ()) -> None:
        """`earlier`: numbers of versions that came before the one in force, with what they are called."""
        super().__init__(data, files)
        if earlier:
            self.fields["again"].choices = [("", __("as it is now")), *earlier]  # type: ignore[attr-defined]
        else:
            del self.fields["again"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        file = data.get("file")
        data["source"] = None
        data.setdefault("again", None)
        if file is not None and data["again"] is not None:
            self.add_error("file", __("Choose one: an earlier version or a file."))
        elif file is not None:
            try:
                data["source"] = _read(file)
            except SourceError as error:
                self.fail(error)
        return data

    def fail(self, error: SourceError) -> None:
        """Show what is wrong with the file: nothing was kept of it."""
        self.problems = error.problems
        self.add_error("file", __("This file cannot be a draft yet; what to put right is listed below."))


def _read(file: UploadedFile) -> Source:
    name = file.name or "file"
    if (file.size or 0) > LARGEST:
        raise SourceError(Problem(name, f"larger than {LARGEST // 2**20} MiB: this cannot be a playbook"))
    try:
        words = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(Problem(name, f"not UTF-8 text: byte {error.start} cannot be read")) from None
    return flat(parse(words, name))


class Because(forms.Form):
    """Why something is done: the act asks once, in words that say what will happen."""

    use_required_attribute = False

    reason = text(_("Why"), rows=3, help_text=_("Whoever decides on the draft reads it."))
