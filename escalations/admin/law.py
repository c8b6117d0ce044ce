"""The law in force and the registry of its keys: to be read here, and changed by publishing a playbook."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalations.admin.base import DeskAdmin, link_to
from escalations.core.policy import CategoryPolicy
from escalations.core.policy import Team as TeamPolicy
from escalations.errors import NoPolicy
from escalations.models import (
    Category,
    Channel,
    ChannelRequest,
    Level,
    PolicyVersion,
    Region,
    RegistryRow,
    Role,
    Specialism,
    Team,
)
from escalations.selectors import law, people
from escalations.selectors.wording import moment

CHANGED_BY = _(
    "This is the playbook's: it is proposed, voted on and published there, and shown here as it is in force. "
    "Nothing on this page can be changed by hand."
)


class RegistryAdmin(DeskAdmin):
    """Keys of the law with their names; a retired one names its successor."""

    changed_by = CHANGED_BY
    search_fields: Any = ("key", "name")
    list_display: Any = ("name", "key", "retired")
    ordering: Any = ("retired_at", "name")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "key", *self.more, "retired_at", "successor")

    more: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @display(description=_("in force"), label={_("in force"): "success", _("retired"): "warning"})
    def retired(self, row: RegistryRow) -> Any:
        return _("retired") if row.retired_at else _("in force")


@admin.register(Level)
class LevelAdmin(RegistryAdmin):
    """Authority levels."""

    list_display = ("name", "key", "rank", "retired")
    ordering = ("retired_at", "rank")
    more = ("rank",)


@admin.register(Specialism)
class SpecialismAdmin(RegistryAdmin):
    """Skills."""


@admin.register(Role)
class RoleAdmin(RegistryAdmin):
    """On-call roles, and who holds them now."""

    more = ("holders",)

    @display(description=_("held now by"))
    def holders(self, row: Role) -> str:
        found = row.shifts.filter(people.in_span(timezone.now())).select_related("person")
        return ", ".join(str(shift.person) for shift in found) or str(_("nobody"))


@admin.register(Channel)
class ChannelAdmin(RegistryAdmin):
    """Compartments of cases, and who is in them."""

    list_display = ("name", "key", "rank", "sensitive", "retired")
    ordering = ("retired_at", "rank", "name")
    more = ("rank", "sensitive", "belongs")
    changed_by = _(
        "The playbook says which channels there are. Who belongs to one is decided under channel memberships: an owner "
        "asks, a second person confirms."
    )

    @display(description=_("who belongs to it"))
    def belongs(self, row: Channel) -> Any:
        rows = row.requests.filter(state=ChannelRequest.State.GRANTED).select_related("person").order_by("part")
        lines = format_html_join("", "<li>{}: {}</li>", ((item.person, item.get_part_display()) for item in rows))
        return lines or _("nobody has been let in on record")


@admin.register(Region)
class RegionAdmin(RegistryAdmin):
    """Regions of the marketplace."""

    list_display = ("name", "key", "path", "timezone", "retired")
    list_select_related = ("parent",)
    ordering = ("retired_at", "path")
    more = ("path", "timezone")


@admin.register(Team)
class TeamAdmin(RegistryAdmin):
    """Teams, and who is in them."""

    list_display = ("name", "key", "timezone", "retired")
    more = ("purpose", "calendar_key", "timezone", "members")
    changed_by = _(
        "The playbook says which teams there are and what they own. Who belongs to one is live: its lead changes that "
        "under memberships."
    )

    @display(description=_("members"))
    def members(self, row: Team) -> Any:
        rows = people.members(timezone.now(), team_ids=[row.pk]).order_by("-leads", "person__first_name")
        lines = format_html_join(
            "",
            '<li><a href="{}">{}</a> · {}{} · {} {}</li>',
            (
                (
                    link_to(item),
                    item.person,
                    item.level,
                    f" · {_('leads')}" if item.leads else "",
                    item.capacity,
                    _("cases"),
                )
                for item in rows
            ),
        )
        return lines or _("Nobody belongs to this team yet.")


@admin.register(Category)
class CategoryAdmin(RegistryAdmin):
    """What cases are about, with what the playbook in force says of each."""

    list_display = ("name", "key", "side", "owner", "level", "retired")
    list_filter = ("side",)
    more = ("side", "summary", "owner", "backups", "level", "symptoms", "root_causes")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Each row carries along which version is in force, so that no row asks for it again."""
        try:
            current = law.in_force(timezone.now())
        except NoPolicy:
            current = PolicyVersion(pk=0, policy_digest="")
        return super().get_queryset(request).annotate(law_id=Value(current.pk), law_digest=Value(current.policy_digest))

    def _policy(self, row: Category) -> tuple[CategoryPolicy, dict[str, TeamPolicy]] | None:
        if not row.law_id:  # type: ignore[attr-defined]
            return None
        version = PolicyVersion(pk=row.law_id, policy_digest=row.law_digest)  # type: ignore[attr-defined]
        policy = law.policy_of(version)
        found = policy.central.categories.get(row.key)
        return (found, policy.central.teams) if found else None

    @display(description=_("what it is"))
    def summary(self, row: Category) -> str:
        found = self._policy(row)
        return found[0].summary if found else "–"

    @display(description=_("owner"))
    def owner(self, row: Category) -> str:
        found = self._policy(row)
        return found[1][found[0].owner].name if found else "–"

    @display(description=_("backups"))
    def backups(self, row: Category) -> str:
        found = self._policy(row)
        return ", ".join(found[1][key].name for key in found[0].backups) if found else "–"

    @display(description=_("decided by"))
    def level(self, row: Category) -> str:
        found = self._policy(row)
        return found[0].level if found else "–"

    @display(description=_("symptoms"))
    def symptoms(self, row: Category) -> str:
        found = self._policy(row)
        return "; ".join(found[0].symptoms.values()) if found else "–"

    @display(description=_("root causes"))
    def root_causes(self, row: Category) -> str:
        found = self._policy(row)
        return "; ".join(found[0].root_causes.values()) if found else "–"


@admin.register(PolicyVersion)
class PolicyVersionAdmin(DeskAdmin):
    """Versions of the playbook as the engine ran and runs them."""

    changed_by = CHANGED_BY
    list_display = ("shows_number", "title", "since", "force", "approval_kind", "approved_by", "short_digest")
    ordering = ("-number",)
    fields = (
        "number",
        "title",
        "since",
        "installed_at",
        "reason",
        "approved_by",
        "approval_kind",
        "reference",
        "policy_digest",
        "edition_digest",
        "part_digests",
        "base",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        try:
            current = law.in_force(timezone.now()).pk
        except NoPolicy:
            current = 0
        return PolicyVersion.objects.annotate(current=ExpressionWrapper(Q(pk=current), BooleanField()))

    @display(description=_("version"), ordering="number")
    def shows_number(self, row: PolicyVersion) -> str:
        return str(row)

    @display(description=_("in force from"), ordering="effective_at")
    def since(self, row: PolicyVersion) -> str:
        return moment(row.effective_at)

    @display(description=_("now"), label={_("in force"): "success", _("to come"): "info"})
    def force(self, row: PolicyVersion) -> Any:
        if row.current:  # type: ignore[attr-defined]
            return _("in force")
        return _("to come") if row.effective_at > timezone.now() else _("earlier")

    @display(description=_("digest"))
    def short_digest(self, row: PolicyVersion) -> str:
        return row.edition_digest[:12]
