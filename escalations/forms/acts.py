"""Forms of the acts on a case alone: words, waiting, evidence, the end, another route.

Choices come from the case's pinned version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from escalations.core.policy import Span
from escalations.errors import DeskError
from escalations.forms.base import ActForm, Moment, explained, text
from escalations.forms.texts import start_texts
from escalations.models import Clock, Evidence, PolicyVersion
from escalations.selectors.casepage import evidence
from escalations.selectors.wording import moment, span
from escalations.services import facts

KINDS = dict(Clock.Kind.choices)


class NoFields(ActForm):
    """An act that needs nothing but the wish: take, accept, resume, close."""


class Reply(ActForm):
    """An answer to the party, and with it a promise of the next one."""

    names = {"message": "body"}
    body = text(_("Message to the party"), rows=8)
    promise_due = Moment(
        label=_("Promise an answer by"), required=False, help_text=_("Optional. The party is told; a promise is kept.")
    )
    promise_reason = forms.CharField(
        label=_("Why later than promised"),
        required=False,
        max_length=300,
        help_text=_("Only when an earlier promise is put off."),
    )

    def build(self) -> None:
        promised = [line.clock.promised_at for line in self.top.running if line.clock.promised_at]
        if promised:
            told = min(promised)
            self.fields["promise_due"].help_text = __("They were told: %(at)s.") % {"at": moment(told)}
        else:
            del self.fields["promise_reason"]
        self.texts = start_texts(self.top, self.user, ("first_response", "update", "pause", "late_apology", "message"))


class NoteForm(ActForm):
    """A note among colleagues."""

    names = {"note": "body"}
    body = text(
        _("Note for colleagues"),
        help_text=_("The party never sees it. End with a question mark to keep it open in the brief."),
    )


class Reason(ActForm):
    """An act that needs a reason."""

    reason = text(_("Reason"), rows=3)


class Release(Reason):
    """Giving a case back to the queue."""

    def build(self) -> None:
        self.fields["reason"].help_text = __("What the next person should know.")


class WithdrawLinks(Reason):
    """Ending the links by which the party follows the case."""

    def build(self) -> None:
        self.fields["reason"].help_text = __("For example that a mail went to a wrong address, or was passed on.")


class ReturnMisrouted(Reason):
    """Returning a handoff."""

    def build(self) -> None:
        handoff = self.top.handoff
        if handoff is not None:
            self.fields["reason"].help_text = __("It goes back to %(team)s, and is counted as misrouted.") % {
                "team": handoff.from_team
            }


class Reopen(Reason):
    """Reopening."""

    def build(self) -> None:
        self.fields["reason"].help_text = __("Possible until %(at)s. Its clocks go on with what they had left.") % {
            "at": moment(self.top.reopens_until)
        }


class Pause(ActForm):
    """Letting clocks stand still."""

    names = {"pause_reason": "reason"}
    reason = forms.ChoiceField(
        label=_("Waiting for what"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why the case waits.")},
    )
    evidence = text(_("What shows it"), rows=2)
    until = Moment(
        label=_("Until"),
        required=False,
        help_text=_("Empty: as long as the reason allows. The clocks run on by themselves then."),
    )

    def build(self) -> None:
        choices = []
        for key, reason in self.top.policy.central.pause_reasons.items():
            stops = ", ".join(str(KINDS.get(kind, kind)) for kind in reason.stops)
            most = __("once") if reason.most == 1 else __("%(n)d times") % {"n": reason.most}
            said = __("Stops %(stops)s; at most %(longest)s, %(most)s. Shown by: %(evidence)s") % {
                "stops": stops,
                "longest": length(reason.longest),
                "most": most,
                "evidence": reason.evidence,
            }
            choices.append((key, explained(reason.name, said)))
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]
        self.fields["evidence"].help_text = __("The message sent, the order placed, the date agreed.")


def length(value: Span) -> str:
    """A span of the policy in words, with its basis."""
    return f"{span(value.seconds)} of working time" if value.basis == "business" else span(value.seconds)


class EvidenceForm(ActForm):
    """An item that came in, or that is not needed after all."""

    names = {"item": "key"}
    key = forms.ChoiceField(
        label=_("Item"), widget=forms.RadioSelect, error_messages={"required": _("Choose the item.")}
    )
    state = forms.ChoiceField(
        label=_("What about it"),
        choices=[("received", _("It is here")), ("waived", _("It is not needed"))],
        initial="received",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Where it is, or why it is not needed"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def build(self) -> None:
        items = [row for row in evidence(self.top.case) if row.state == Evidence.State.OPEN]
        self.fields["key"].choices = [  # type: ignore[attr-defined]
            (row.key, row.name if row.required else __("%(name)s (helpful, not required)") % {"name": row.name})
            for row in items
        ]
        wanted = self.params.get("key")
        self.fields["key"].initial = wanted or (items[0].key if items else None)

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"key": data["key"], "state": data["state"], "note": data["note"]}


class Resolve(ActForm):
    """The end of the work: what it turned out to be, and the message that tells the party."""

    root_cause = forms.ChoiceField(
        label=_("What it turned out to be"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the root cause.")},
    )
    message = text(_("Message to the party"), rows=7)

    def build(self) -> None:
        self.texts = start_texts(self.top, self.user, ("resolution",))
        causes = self.top.category.root_causes if self.top.category else {}
        self.fields["root_cause"].choices = list(causes.items())  # type: ignore[attr-defined]


class AcceptRoute(ActForm):
    """Applying the route that a change of facts offered."""

    decision_id = forms.IntegerField(widget=forms.HiddenInput)

    def build(self) -> None:
        if self.top.offer is not None:
            self.fields["decision_id"].initial = self.top.offer.pk


class MoveVersion(ActForm):
    """Moving a case to another version of the playbook, with what the newest one would change."""

    names = {"version": "number"}
    number = forms.TypedChoiceField(label=_("Version of the playbook"), coerce=int)
    reason = text(_("Reason"), rows=2)

    def build(self) -> None:
        case = self.top.case
        rows = PolicyVersion.objects.filter(effective_at__lte=self.now).exclude(pk=case.policy_version_id)
        versions = list(rows.order_by("-number")[:10])
        self.fields["number"].choices = [  # type: ignore[attr-defined]
            (row.number, __("v%(n)d, in force from %(at)s") % {"n": row.number, "at": moment(row.effective_at)})
            for row in versions
        ]
        if versions:
            self.fields["number"].help_text = self._preview(versions[0].number)

    def _preview(self, number: int) -> str:
        try:
            changes = facts.preview_version(case_id=self.top.case.pk, number=number, now=self.now)
        except DeskError as error:
            return str(error)
        if not changes:
            return __("v%(n)d would leave its route as it is.") % {"n": number}
        words = "; ".join(f"{field}: {_flat(before)} → {_flat(after)}" for field, (before, after) in changes.items())
        return __("v%(n)d would change %(changes)s.") % {"n": number, "changes": words}


def _flat(value: Any) -> str:
    """A value of an outcome in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "–")


class Reclassify(ActForm):
    """Another category, with its symptom: the whole route of that category applies."""

    names = {"category": "what", "symptom": "what"}
    what = forms.ChoiceField(label=_("What it is"), error_messages={"required": _("Choose the category and symptom.")})
    reason = text(_("Reason"), rows=2, help_text=_("The time used so far counts."))

    def build(self) -> None:
        sides: dict[str, list[tuple[str, str]]] = {}
        for key, category in sorted(self.top.policy.central.categories.items(), key=lambda item: item[1].name):
            for symptom, name in category.symptoms.items():
                sides.setdefault(category.side, []).append((f"{key}|{symptom}", f"{category.name}: {name}"))
        here = self.top.category.side if self.top.category else ""
        order: Iterable[str] = sorted(sides, key=lambda side: (side != here, side))
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", __("Choose")),
            *((side.capitalize(), sides[side]) for side in order),
        ]

    def arguments(self) -> dict[str, Any]:
        category, symptom = self.cleaned_data["what"].split("|")
        return {"category": category, "symptom": symptom, "reason": self.cleaned_data["reason"]}
