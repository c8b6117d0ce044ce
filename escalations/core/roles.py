"""The roles of the desk: what each person's place here is called, and the rights it gives. Declared, not edited.

A role says what somebody may do at the desk at all: enter it, lead, look after the engine, read the access log. Which
cases they see and work on is said by channels, which team they lead by memberships; neither can come from a role. Being
an administrator is a flag of the account, and no role gives it.

Code never asks for a role. It asks for a permission, by its codename; `services.roles` keeps a group for each role that
holds exactly these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

ENTER = "escalations.enter_desk"
WORK = "escalations.work_here"
LEAD = "escalations.lead_teams"
OVERSEE = "escalations.oversee_teams"
SPECIALISE = "escalations.know_channels"
READ_PLAYBOOK = "escalations.read_playbook"
USE_API = "escalations.use_api"
GIVE_ROLES = "escalations.give_roles"
READ_ACCESS_LOG = "escalations.view_accessentry"
RESEND = "escalations.change_delivery"
SEE_PUBLICATIONS = "governance.view_publication"
WRITE_PLAYBOOK = "playbook.write_edition"
WRITE_ARTICLES = "playbook.write_article"
REVIEW_ARTICLES = "playbook.review_article"
SEE_PROPOSALS = "governance.view_proposal"
DECIDE_PROPOSALS = "governance.decide_proposal"

ENGINE = (
    "escalations.view_heartbeat",
    "django_q.view_schedule",
    "django_q.view_success",
    "django_q.view_failure",
    "django_q.view_ormq",
)
"""Pages of the engine: signs of life, schedules, and the work queue."""


class DeskRole(NamedTuple):
    """One role: its key (also of its group, `role:<key>`), its name, what it is for, and the permissions it gives."""

    key: str
    label: str
    purpose: str
    permissions: frozenset[str]


def _role(key: str, label: str, purpose: str, *permissions: str) -> DeskRole:
    return DeskRole(key, label, purpose, frozenset(permissions))


ROLES: Mapping[str, DeskRole] = {
    role.key: role
    for role in (
        _role("agent", "Agent",
              "Works on the cases of their team and channels.",
              ENTER, WORK, READ_PLAYBOOK, WRITE_ARTICLES),
        _role("lead", "Lead",
              "Decides who belongs to the teams that they lead, how much each takes, and who is on call.",
              ENTER, WORK, LEAD, READ_PLAYBOOK, WRITE_ARTICLES, REVIEW_ARTICLES),
        _role("supervisor", "Supervisor",
              "Sees the load of all teams, and keeps messages and the engine going.",
              ENTER, WORK, OVERSEE, RESEND, SEE_PUBLICATIONS, SEE_PROPOSALS, READ_PLAYBOOK,
              REVIEW_ARTICLES, *ENGINE),
        _role("specialist", "Specialist",
              "May be let into a channel as somebody who sees what is restricted there.",
              ENTER, WORK, SPECIALISE, READ_PLAYBOOK, WRITE_ARTICLES, REVIEW_ARTICLES),
        _role("council", "Council member",
              "Sees what was published and approved, and writes and decides on changes of the playbook.",
              ENTER, SEE_PUBLICATIONS, SEE_PROPOSALS, WRITE_PLAYBOOK, DECIDE_PROPOSALS, READ_PLAYBOOK,
              REVIEW_ARTICLES),
        _role("onboarding", "Onboarding reader",
              "Reads the pages of the playbook before they start, and nothing else.",
              READ_PLAYBOOK),
        _role("auditor", "Auditor",
              "Reads the access log and the record, and says that they have looked. Works on no case.",
              ENTER, READ_ACCESS_LOG, SEE_PUBLICATIONS, SEE_PROPOSALS, READ_PLAYBOOK),
        _role("integration", "Connected system",
              "An account for another program. It never signs in with a browser.",
              USE_API),
    )
}  # fmt: skip
"""Every role, in the order in which people read them."""

NEVER: frozenset[str] = frozenset(
    {
        GIVE_ROLES,
        "escalations.hold_data",
        "escalations.answer_data_requests",
        *(
            f"escalations.{part}"
            for part in (
                "see_cases", "work_cases", "see_restricted", "see_party_data", "export_cases", "manage_members",
            )
        ),
    }
)  # fmt: skip
"""What no role can give. Cases come from channels, by two people; charge of legal holds, and of people's requests about
their data, is given to a person by name; roles are given by administrators."""

APART: tuple[tuple[str, str, str], ...] = (
    (READ_ACCESS_LOG, WORK, "An auditor works on no case: give them either the role of an auditor, or one that works."),
    (USE_API, ENTER, "A connected system's account enters no page: make an account of its own for it."),
    (USE_API, READ_PLAYBOOK, "A connected system's account enters no page: make an account of its own for it."),
)
"""Pairs of permissions that one person does not get from their roles, with what to say then."""

SIGN_IN: frozenset[str] = frozenset({ENTER, READ_PLAYBOOK})
"""One of these lets somebody sign in with a browser."""


def permissions(keys: Iterable[str]) -> frozenset[str]:
    """The permissions that some roles give together. Raises KeyError for a role that does not exist."""
    return frozenset().union(*(ROLES[key].permissions for key in keys))


def unknown(keys: Collection[str]) -> list[str]:
    """Those of `keys` that name no role, in order."""
    return sorted(set(keys) - set(ROLES))


def clash(keys: Collection[str]) -> str:
    """Why nobody holds these roles together, in a sentence; the empty string when somebody may."""
    given = permissions(keys)
    return next((words for one, other, words in APART if one in given and other in given), "")


def enters(keys: Collection[str]) -> bool:
    """Whether somebody with these roles enters the desk."""
    return ENTER in permissions(keys)


def in_order(keys: Collection[str]) -> tuple[str, ...]:
    """Roles in the order in which people read them; what is none is left out."""
    return tuple(key for key in ROLES if key in keys)
