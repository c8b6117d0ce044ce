"""Messages on their way and given up, heartbeats, and the work queue: to be looked at. One thing may be done here: send
again what was given up.

django-q2's own pages let whoever may add a schedule run any function, and show what tasks were given. These do neither.
"""

from __future__ import annotations

from typing import Any

import django_q.admin  # noqa: F401 - its pages are taken off below, so they must have been put on
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.decorators import display
from unfold.views import ChangeList

from escalations.admin.base import DeskAdmin, person_of, works_here
from escalations.admin.keyset import KeysetAdmin, KeysetChangeList
from escalations.core.roles import RESEND
from escalations.core.typed import ids_of
from escalations.models import Delivery, Heartbeat, Outbox, Party, Team, User
from escalations.models.reach import may
from escalations.outbound.failures import scrub
from escalations.outbound.occasions import occasion
from escalations.selectors import outbox
from escalations.selectors.wording import ago, moment
from escalations.services import delivery, nudging

State = Delivery.State
#: What can be asked for, in the order of its importance to whoever comes here.
SHOWN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "dead": (gettext_lazy("Given up"), (State.DEAD,)),
    "trying": (gettext_lazy("On their way"), (State.WAITING, State.SENDING)),
    "sent": (gettext_lazy("Sent"), (State.SENT,)),
    "dropped": (gettext_lazy("Not needed any more"), (State.DROPPED,)),
}
AT_ONCE = 1000


def may_resend(user: User, row: Delivery) -> bool:
    """Whether a person may send a delivery again: who works on the cases of its channel, or keeps the desk running."""
    if user.has_perm(RESEND):
        return True
    case = row.outbox.case
    return case is not None and may(user, "work_cases", case)


def recipients(rows: list[Delivery]) -> dict[str, str]:
    """Names of recipients as they may be shown: people and teams by name, parties by pseudonym, roles by key. Three
    queries at most."""
    found = {row.recipient: row.recipient for row in rows}
    people = User.objects.in_bulk(outbox.recipient_ids(rows, "user"))
    parties = Party.objects.only("pseudonym").in_bulk(outbox.recipient_ids(rows, "party"))
    teams = Team.objects.in_bulk(outbox.recipient_ids(rows, "team") | outbox.recipient_ids(rows, "leads"))
    found |= {f"user:{pk}": str(person) for pk, person in people.items()}
    found |= {f"party:{pk}": str(party) for pk, party in parties.items()}
    for pk, team in teams.items():
        found |= {f"team:{pk}": str(team), f"leads:{pk}": _("leads of %(team)s") % {"team": team}}
    roles = {name for name in found if name.startswith("role:")}
    return found | {name: _("on call: %(role)s") % {"role": name.removeprefix("role:")} for name in roles}


class DeliveryList(KeysetChangeList):
    """Deliveries of one state, newest first."""

    names: dict[str, str]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        wanted = request.GET.get("state", "")
        self.shown = wanted if wanted in SHOWN else "dead"
        self.person = person_of(request)
        super().__init__(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> tuple[list[Any], bool, dict[str, bool | str], bool, bool]:
        return [], False, {}, False, False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Delivery]:
        return self.model_admin.get_queryset(request).filter(state__in=SHOWN[self.shown][1])

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        self.names = recipients(rows)
        self.lines = [
            {
                "row": row,
                "to": self.names[row.recipient],
                "what": occasion(row.outbox.kind).name,
                "may": row.state == State.DEAD and may_resend(self.person, row),
            }
            for row in rows
        ]


@admin.register(Delivery)
class DeliveryAdmin(KeysetAdmin, DeskAdmin):
    """Deliveries, the given up ones first. Addresses are not kept, so none are shown."""

    change_list_template = "admin/desk/delivery_list.html"
    list_display = ("recipient",)
    fields = (
        "shows_to",
        "means",
        "shows_kind",
        "shows_case",
        "state",
        "attempts",
        "next",
        "sent",
        "error",
        "message_id",
    )
    readonly_fields = fields
    changed_by = gettext_lazy("Written by the engine. What was given up can be sent again from the list.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return outbox.told_of(person_of(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeliveryList

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None or not works_here(request.user):
            return works_here(request.user)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_urls(self) -> list[URLPattern]:
        resend = self.admin_site.admin_view(require_POST(self.resend_view))
        return [path("resend/", resend, name="escalations_delivery_resend"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": _("Deliveries"), "choices": [(key, label) for key, (label, _states) in SHOWN.items()]}
        return super().changelist_view(request, context | (extra_context or {}))

    def resend_view(self, request: HttpRequest) -> HttpResponse:
        """Put chosen deliveries back into the queue."""
        user = person_of(request)
        ids = ids_of(request.POST.getlist("delivery"))[:AT_ONCE]
        rows = [row for row in self.get_queryset(request).filter(pk__in=ids) if may_resend(user, row)]
        if not ids:
            messages.warning(request, _("Choose at least one delivery first."))
        elif not rows:
            messages.error(request, _("You may not send these again. Ask somebody who works on their cases."))
        else:
            count = delivery.resend(delivery_ids=[row.pk for row in rows], now=timezone.now())
            nudging.nudge()
            for row in rows:
                self.log_change(request, row, _("Sent again"))
            said = ngettext("%(n)d is tried again now.", "%(n)d are tried again now.", count)
            messages.success(request, said % {"n": count})
        return redirect("admin:escalations_delivery_changelist")

    @display(description=gettext_lazy("to"))
    def shows_to(self, row: Delivery) -> str:
        return recipients([row])[row.recipient]

    @display(description=gettext_lazy("occasion"))
    def shows_kind(self, row: Delivery) -> str:
        told = occasion(row.outbox.kind)
        return f"{told.name}: {told.told}"

    @display(description=gettext_lazy("case"))
    def shows_case(self, row: Delivery) -> Any:
        case = row.outbox.case
        return format_html('<a href="{}">{}</a>', case.get_absolute_url(), case) if case else "–"

    @display(description=gettext_lazy("next attempt"))
    def next(self, row: Delivery) -> str:
        return moment(row.next_at) if row.state in SHOWN["trying"][1] else "–"

    @display(description=gettext_lazy("sent"))
    def sent(self, row: Delivery) -> str:
        return moment(row.sent_at) or "–"


@admin.register(Outbox)
class OutboxAdmin(KeysetAdmin, DeskAdmin):
    """Intents to tell, newest first."""

    list_display = ("kind", "shows_case", "written", "worked_out")
    fields = ("kind", "told", "shows_case", "written", "worked_out", "occurrence_key")
    readonly_fields = fields
    changed_by = gettext_lazy("Written with the act that it tells of, and never changed.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Outbox]:
        return outbox.intended(person_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None or not works_here(request.user):
            return works_here(request.user)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    @display(description=gettext_lazy("who is told"))
    def told(self, row: Outbox) -> str:
        return occasion(row.kind).told

    @display(description=gettext_lazy("case"))
    def shows_case(self, row: Outbox) -> str:
        return str(row.case or "–")

    @display(description=gettext_lazy("written"))
    def written(self, row: Outbox) -> str:
        return moment(row.at)

    @display(description=gettext_lazy("recipients worked out"))
    def worked_out(self, row: Outbox) -> str:
        return moment(row.expanded_at) or _("not yet")


@admin.register(Heartbeat)
class HeartbeatAdmin(DeskAdmin):
    """The last sign of life of each part of the engine."""

    list_display = ("name", "last", "did")
    fields = ("name", "last", "did")
    readonly_fields = fields
    ordering = ("name",)
    for_everybody = False
    changed_by = gettext_lazy("Written by the workers, every minute.")

    @display(description=gettext_lazy("last sign of life"))
    def last(self, row: Heartbeat) -> str:
        return f"{ago(row.at)} ({moment(row.at)})"

    @display(description=gettext_lazy("what it did"))
    def did(self, row: Heartbeat) -> str:
        return ", ".join(f"{key}: {value}" for key, value in sorted(row.detail.items()))


# ------------------------------------------------------------------------------------------------------ the work queue


class QueueAdmin(DeskAdmin):
    """A table of django-q2: for those who keep the desk running. No arguments, no results, nothing to change."""

    for_everybody = False
    changed_by = gettext_lazy("The queue's own. Schedules are declared in code: manage.py sync_schedules.")


class ScheduleAdmin(QueueAdmin):
    """Declared schedules."""

    list_display = ("name", "func", "rhythm", "due")
    fields = ("name", "func", "rhythm", "due")
    readonly_fields = fields
    ordering = ("name",)

    @display(description=gettext_lazy("how often"))
    def rhythm(self, row: Schedule) -> str:
        if row.cron:
            return str(row.cron)
        return ngettext("every minute", "every %(n)d minutes", row.minutes or 1) % {"n": row.minutes or 1}

    @display(description=gettext_lazy("next"))
    def due(self, row: Schedule) -> str:
        return moment(row.next_run)


class TaskAdmin(QueueAdmin):
    """Tasks that have run."""

    list_display: Any = ("func", "group", "began", "took", "attempt_count")
    fields: Any = ("func", "group", "began", "took", "attempt_count")
    readonly_fields = fields
    ordering = ("-stopped",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("args", "kwargs", "result")

    @display(description=gettext_lazy("began"))
    def began(self, row: Any) -> str:
        return moment(row.started)

    @display(description=gettext_lazy("took"))
    def took(self, row: Any) -> str:
        return _("%(n).1f s") % {"n": (row.stopped - row.started).total_seconds()}


class FailureAdmin(TaskAdmin):
    """Tasks that failed, with the last line of what went wrong; the log has the rest."""

    list_display = ("func", "group", "began", "attempt_count", "what")
    fields = ("func", "group", "began", "took", "attempt_count", "what")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return QueueAdmin.get_queryset(self, request).defer("args", "kwargs")

    @display(description=gettext_lazy("what went wrong"))
    def what(self, row: Any) -> str:
        lines = str(row.result or "").strip().splitlines()
        return scrub(lines[-1]) if lines else "–"


class WaitingAdmin(QueueAdmin):
    """Tasks that wait for a worker. Their content stays closed."""

    list_display = ("id", "key", "since")
    fields = ("id", "key", "since")
    readonly_fields = fields
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload")

    @display(description=gettext_lazy("free, or held until"))
    def since(self, row: OrmQ) -> str:
        return moment(row.lock)


for model, page in ((Schedule, ScheduleAdmin), (Success, TaskAdmin), (Failure, FailureAdmin), (OrmQ, WaitingAdmin)):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, page)
