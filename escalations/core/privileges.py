"""Who may do what: the table that people read, and to which the tests hold the desk.

Each row is an act or a page, each column a role in its usual standing. A cell is `yes`, `no`, or in a few words on what
it hangs. `tests/privileges` builds each person, tries every row through its door or page, and compares; so the table is
true or the tests are red.
"""

# ruff: noqa: E501 - rows of the table are as long as they are

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from escalations.core.roles import ROLES

COLUMNS: Mapping[str, tuple[str, str]] = {
    "agent": (ROLES["agent"].label, "a member of the case's team, who works in its channel"),
    "lead": (ROLES["lead"].label, "leads the case's team, and works in its channel"),
    "supervisor": (ROLES["supervisor"].label, "owns the case's channel, with another one, and is in no team"),
    "specialist": (ROLES["specialist"].label, "a specialist of the case's channel, in another team"),
    "council": (ROLES["council"].label, "reads the case's channel, and is in no team"),
    "onboarding": (ROLES["onboarding"].label, "in no team and no channel"),
    "auditor": (ROLES["auditor"].label, "in no team and no channel"),
    "integration": (ROLES["integration"].label, "acts on cases as the system that it is"),
    "administrator": ("Administrator", "in no team and no channel; there is a second one"),
    "none": ("No role", "an account, and nothing else"),
}
"""Every column: its name, and the usual standing in which it was tried."""

SECTIONS: tuple[str, ...] = (
    "Work on a case",
    "Who may see a case",
    "Personal data",
    "People",
    "Who belongs to a channel",
    "Accounts and roles",
    "Legal holds",
    "The playbook",
    "Record and engine",
    "Pages: look",
    "Pages: add, change, end",
)
"""The sections in their order."""

WORDS: Mapping[str, str] = {
    "own case": "only on a case that they have",
    "own": "only what is about themselves",
    "own team": "only for the team that they lead",
    "own channel": "only in the channel that they own",
    "second person": "only what somebody else asked for",
    "by name": "only when charge was given to them by name, which no role does",
    "what others did": "not what they did themselves",
    "what others wrote": "not what they wrote themselves, even in part",
}
"""What the words of cells mean."""

TABLE = """\
# Work on a case
triage | Sort a new case | yes | yes | no | yes | no | no | no | no | no | no
take | Take a case from the queue | yes | yes | no | no | no | no | no | no | no | no
assign | Give a case to somebody | no | yes | no | no | no | no | no | no | no | no
release | Put a case back into the queue | own case | yes | no | own case | no | no | no | no | no | no
start | Start work | own case | own case | no | own case | no | no | no | no | no | no
respond | Answer the party | yes | yes | no | own case | no | no | no | no | no | no
receive | Take in what the party wrote | no | no | no | no | no | no | no | yes | no | no
note | Write a note | yes | yes | no | yes | no | no | no | yes | no | no
add_evidence | Add evidence | yes | yes | no | own case | no | no | no | yes | no | no
waive_evidence | Do without evidence | own case | yes | no | own case | no | no | no | no | no | no
promise | Promise the party a decision | own case | yes | no | own case | no | no | no | no | no | no
pause | Let a case wait | own case | yes | no | own case | no | no | no | no | no | no
resume | Go on with a waiting case | yes | yes | no | own case | no | no | no | no | no | no
hand_off | Hand a case to another team | yes | yes | no | own case | no | no | no | no | no | no
accept | Accept a handoff | yes | yes | no | no | no | no | no | no | no | no
return_misrouted | Return what came to the wrong team | yes | yes | no | no | no | no | no | no | no | no
escalate | Escalate | yes | yes | no | own case | no | no | no | no | no | no
de_escalate | Take an escalation back | own case | yes | no | own case | no | no | no | no | no | no
change_facts | Change what is known of a case | yes | yes | no | own case | no | no | no | no | no | no
move_version | Move a case to another version of the playbook | no | yes | no | no | no | no | no | no | no | no
remedy | Grant a remedy within one's limit | own case | yes | no | own case | no | no | no | no | no | no
decide_remedy | Decide on a remedy that somebody asked for | no | yes | no | yes | no | no | no | no | no | no
link | Link two cases | yes | yes | no | yes | no | no | no | no | no | no
merge | Merge a case into another one | yes | yes | no | own case | no | no | no | no | no | no
resolve | Resolve a case | own case | yes | no | own case | no | no | no | no | no | no
close | Close a resolved case | own case | yes | no | own case | no | no | no | no | no | no
reopen | Reopen a case | yes | yes | no | own case | no | no | no | no | no | no
reassign | Give many cases to somebody | no | yes | no | no | no | no | no | no | no | no
hand_off_several | Hand many cases to other teams | yes | yes | no | no | no | no | no | no | no | no
add_file | Add a file | yes | yes | no | own case | no | no | no | yes | no | no
open_file | Open a file | yes | yes | yes | yes | yes | no | no | no | no | no
remove_file | Take a file away that somebody else added | own case | yes | no | own case | no | no | no | no | no | no
withdraw_links | End the links of the party | own case | yes | no | own case | no | no | no | no | no | no
# Who may see a case
call_in | Open a case to an expert | no | no | yes | yes | no | no | no | no | no | no
end_grant | End the access of somebody else to a case | no | no | yes | yes | no | no | no | no | no | no
break_glass | Break the glass of a case that one does not see | yes | yes | no | yes | no | no | no | no | yes | no
review_glass | Judge a broken glass | no | no | yes | no | no | no | no | no | no | no
restrict | Move a case into a stricter channel | yes | yes | yes | yes | no | no | no | no | no | no
ask_release | Ask to move a case into an open channel | yes | no | yes | yes | no | no | no | no | no | no
decide_release | Decide on a move into an open channel | no | no | second person | second person | no | no | no | no | no | no
# Personal data
unmask | Uncover personal data | no | no | no | yes | no | no | no | no | no | no
add_indicator | Add a finding about a party | no | no | no | yes | no | no | no | no | no | no
settle_indicator | Confirm a finding | no | no | no | yes | no | no | no | no | no | no
export_cases | Take cases away as a file | by name | by name | by name | by name | by name | no | by name | no | by name | no
export_data | Hand out what the desk knows of a person, at their request | by name | by name | by name | by name | by name | no | by name | no | by name | no
erase_data | Have a person erased, at their request | by name | by name | by name | by name | by name | no | by name | no | by name | no
# People
set_absence | Enter an absence | own | own, own team | own | own | own | no | own | no | yes | no
end_absence | End an absence | own | own, own team | own | own | own | no | own | no | yes | no
set_cover | Say who stands in | own | own, own team | own | own | own | no | own | no | yes | no
set_membership | Put somebody into a team, set their level and capacity | no | own team | no | no | no | no | no | no | yes | no
make_lead | Let somebody lead the team with one | no | own team | no | no | no | no | no | no | yes | no
raise_own | Raise one's own level, or make oneself the lead | no | no | no | no | no | no | no | no | no | no
end_membership | Let somebody leave a team | no | own team | no | no | no | no | no | no | yes | no
set_on_call | Say who is on call | no | yes | no | no | no | no | no | no | yes | no
# Who belongs to a channel
ask | Ask for somebody to enter a channel that one owns | no | no | own channel | no | no | no | no | no | no | no
decide | Confirm that somebody enters | no | no | second person | no | no | no | no | no | no | no
end | Take somebody out of a channel | no | no | own channel | no | no | no | no | no | no | no
first_owner | Name the first owner of a channel that nobody owns | no | no | no | no | no | no | no | no | yes | no
be_reader | Be let in as a reader, exporter or owner | yes | yes | yes | yes | yes | no | yes | no | yes | no
be_worker | Be let in as somebody who works there | yes | yes | yes | yes | no | no | no | no | yes | no
be_specialist | Be let in as a specialist | no | no | no | yes | no | no | no | no | yes | no
# Accounts and roles
set_roles | Give and take roles of others | no | no | no | no | no | no | no | no | yes | no
set_roles own | Give oneself a role | no | no | no | no | no | no | no | no | no | no
set_rights | Make somebody an administrator, or close their account | no | no | no | no | no | no | no | no | yes | no
set_rights own | Make oneself an administrator, or join a group | no | no | no | no | no | no | no | no | no | no
set_group | Say what a group permits | no | no | no | no | no | no | no | no | yes | no
set_group own | Permit more to a group that one is in | no | no | no | no | no | no | no | no | no | no
# Legal holds
hold | Ask for a legal hold | by name | by name | by name | by name | by name | no | by name | no | by name | no
answer_hold | Confirm a legal hold | by name, second person | by name, second person | by name, second person | by name, second person | by name, second person | no | by name, second person | no | by name, second person | no
lift_hold | Ask to lift a legal hold | by name | by name | by name | by name | by name | no | by name | no | by name | no
# The playbook
write_playbook | Write drafts of the playbook | no | no | no | no | yes | no | no | no | yes | no
propose | Propose a draft | no | no | no | no | yes | no | no | no | yes | no
approve | Approve a change of the playbook | no | no | no | no | what others wrote | no | no | no | what others wrote | no
reject_proposal | Reject a change of the playbook | no | no | no | no | what others wrote | no | no | no | what others wrote | no
withdraw_proposal | Withdraw a proposal | no | no | no | no | own | no | no | no | own | no
object | Object to words that were approved | no | no | yes | no | yes | no | yes | no | yes | no
write_article | Write articles | yes | yes | no | yes | no | no | no | no | yes | no
review_article | Review articles that somebody else wrote | no | yes | yes | yes | yes | no | no | no | yes | no
review_own | Review an article that one wrote oneself | no | no | no | no | no | no | no | no | no | no
say_clear | Say whether an article is clear | yes | yes | yes | yes | yes | yes | yes | no | yes | no
solved_it | Say that an article solved a case | yes | yes | no | yes | no | no | no | no | no | no
archive_precedent | Archive the decision of a case | yes | yes | no | yes | no | no | no | no | no | no
end_precedent | Overturn or take out a precedent | no | yes | yes | yes | yes | no | no | no | yes | no
learn | Choose a track, practise, and take in what changed | yes | yes | yes | yes | yes | yes | yes | no | yes | no
# Record and engine
sign_in | Sign in with a browser | yes | yes | yes | yes | yes | yes | yes | no | yes | no
review | Review the access log | no | no | no | no | no | no | what others did | no | what others did | no
resend | Send again what was given up | own cases | own cases | yes | own cases | no | no | no | no | about no case | no
# Pages: look
page admin:index | Home | yes | yes | yes | yes | yes | no | yes | no | yes | no
page admin:escalations_user_privileges | Who may do what | yes | yes | yes | yes | yes | no | yes | no | yes | no
page admin:escalations_case_leaving | Before one leaves | yes | yes | yes | yes | yes | no | yes | no | yes | no
page admin:escalations_casegrant_break_glass | Break the glass | yes | yes | yes | yes | yes | no | yes | no | yes | no
page admin:search | Search of the bar | yes | yes | yes | yes | yes | no | yes | no | yes | no
page playbook:articles | Articles | yes | yes | yes | yes | yes | yes | yes | no | yes | no
page playbook:precedents | Precedents | yes | yes | yes | yes | yes | yes | yes | no | yes | no
page welcome | The page of those who do not enter | no | no | no | no | no | yes | no | no | no | no
see auth.group | Groups | no | no | no | no | no | no | no | no | yes | no
see django_q.failure | Failed tasks | no | no | yes | no | no | no | no | no | yes | no
see django_q.ormq | Queued tasks | no | no | yes | no | no | no | no | no | yes | no
see django_q.schedule | Scheduled tasks | no | no | yes | no | no | no | no | no | yes | no
see django_q.success | Successful tasks | no | no | yes | no | no | no | no | no | yes | no
see escalations.absence | Absences | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.accessentry | Access log | no | no | no | no | no | no | yes | no | yes | no
see escalations.case | Cases | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.casegrant | Access to single cases | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.category | Categories | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.channel | Channels | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.channelrequest | Channel memberships | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.cover | Cover | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.delivery | Deliveries | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.heartbeat | Heartbeats | no | no | yes | no | no | no | no | no | yes | no
see escalations.legalhold | Legal holds | no | no | no | no | no | no | no | no | no | no
see escalations.level | Authority levels | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.membership | Memberships | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.oncallshift | On-call shifts | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.outbox | Intents to tell | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.policyversion | Policy versions | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.region | Regions | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.role | On-call roles | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.specialism | Specialisms | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.team | Teams | yes | yes | yes | yes | yes | no | yes | no | yes | no
see escalations.user | Users | no | no | no | no | no | no | no | no | yes | no
see governance.publication | Publications | no | no | yes | no | yes | no | yes | no | yes | no
see playbook.edition | Editions | yes | yes | yes | yes | yes | no | yes | no | yes | no
page admin:escalations_case_export | Export cases | no | no | no | no | no | no | no | no | no | no
page admin:escalations_erasure_person | What the desk knows of a person | no | no | no | no | no | no | no | no | no | no
see escalations.erasure | Erasures | no | no | no | no | no | no | yes | no | yes | no
page playbook:home | The playbook: its pages, versions, changes and search | yes | yes | yes | yes | yes | yes | yes | no | yes | no
page mfa_index | How oneself signs in: second factors and passkeys | yes | yes | yes | yes | yes | yes | yes | no | yes | no
page account_change_password | Change one's own password | yes | yes | yes | yes | yes | yes | yes | no | yes | no
page governance:index | The council's pages | no | no | yes | no | yes | no | yes | no | yes | no
page playbook:learners | How far one's people are with onboarding | no | yes | yes | no | no | no | no | no | yes | no
# Pages: add, change, end
add auth.group | Groups: add | no | no | no | no | no | no | no | no | yes | no
add escalations.absence | Absences: add | yes | yes | yes | yes | yes | no | yes | no | yes | no
change escalations.absence | Absences: change | no | yes | no | no | no | no | no | no | yes | no
delete escalations.absence | Absences: delete or end | no | yes | no | no | no | no | no | no | yes | no
change escalations.case | Cases: open one | yes | yes | yes | yes | yes | no | no | no | no | no
add escalations.channelrequest | Channel memberships: add | no | no | yes | no | no | no | no | no | yes | no
add escalations.cover | Cover: add | yes | yes | yes | yes | yes | no | yes | no | yes | no
change escalations.cover | Cover: change | no | yes | no | no | no | no | no | no | yes | no
add escalations.membership | Memberships: add | no | yes | no | no | no | no | no | no | yes | no
change escalations.membership | Memberships: change | no | yes | no | no | no | no | no | no | yes | no
delete escalations.membership | Memberships: delete or end | no | yes | no | no | no | no | no | no | yes | no
add escalations.oncallshift | On-call shifts: add | no | yes | no | no | no | no | no | no | yes | no
change escalations.oncallshift | On-call shifts: change | no | yes | no | no | no | no | no | no | yes | no
add escalations.user | Users: add | no | no | no | no | no | no | no | no | yes | no
change escalations.user | Users: change | own | own | own | own | own | no | own | no | yes | no
"""


class Row(NamedTuple):
    """One act or page: its section, what it is in words, and for each column whether it is open."""

    key: str
    section: str
    label: str
    cells: Mapping[str, str]


def read(text: str) -> tuple[Row, ...]:
    """The rows of a table as it is written: sections begin with `#`, cells stand in the order of the columns."""
    rows, section = [], ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.removeprefix("#").strip()
        elif line.strip():
            key, label, *cells = (part.strip() for part in line.split("|"))
            rows.append(Row(key, section, label, dict(zip(COLUMNS, cells, strict=True))))
    return tuple(rows)


def written(rows: Iterable[Row]) -> str:
    """Rows as `read` reads them, section by section."""
    by_section: dict[str, list[Row]] = {section: [] for section in SECTIONS}
    for row in rows:
        by_section[row.section].append(row)
    lines = []
    for section, found in by_section.items():
        lines += [f"# {section}", *(" | ".join((row.key, row.label, *row.cells.values())) for row in found)]
    return "\n".join(lines) + "\n"


ROWS: tuple[Row, ...] = read(TABLE)


def sections() -> list[tuple[str, list[Row]]]:
    """The rows by section, in order."""
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        found.setdefault(row.section, []).append(row)
    return list(found.items())


def as_markdown() -> str:
    """The table for people who read it beside the code."""
    head = [label for label, _ in COLUMNS.values()]
    lines = [
        "# Who may do what",
        "",
        "Written from `escalations/core/privileges.py`; `tests/privileges` tries every cell. Each column in its usual",
        "standing:",
        "",
        *(f"- **{label}**: {standing}" for label, standing in COLUMNS.values()),
        "",
        *(f"- *{word}*: {meaning}" for word, meaning in WORDS.items()),
    ]
    for section, rows in sections():
        lines += ["", f"## {section}", "", f"| | {' | '.join(head)} |", f"|---|{'---|' * len(head)}"]
        lines += [f"| {row.label} | {' | '.join(row.cells.values())} |" for row in rows]
    return "\n".join(lines) + "\n"
