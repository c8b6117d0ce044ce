"""From deliveries to a letter: whose words, which values, how much may be said to whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalations.core.policy import Policy
from escalations.core.words import following
from escalations.errors import NoPolicy
from escalations.models import Approval, Case, Delivery, Handoff, Message, Outbox, Party, User
from escalations.outbound import matters, words
from escalations.outbound import values as v
from escalations.outbound.letter import Entry, Letter
from escalations.outbound.occasions import GROUPS, Group, Occasion, occasion
from escalations.outbound.words import Block, Facts, Paragraph, speaking
from escalations.selectors import law
from escalations.selectors.outbox import Situation

LISTED = 50
"""Lines that one letter lists; more are counted."""
Groups = tuple[tuple[str, tuple[Entry, ...]], ...]


def home() -> str:
    """The address of the desk's first page."""
    return f"{settings.THROUGHLINE_BASE_URL}{reverse('admin:index')}"


def to_colleague(deliveries: Sequence[Delivery], person: User, found: Situation, at: dt.datetime) -> Letter:
    """The letter to a colleague: of one delivery in its own words, of several as a list.

    The caller has taken out what the person may not see. Of a sensitive case nothing is said but its reference.
    """
    with speaking(person.language):
        if len(deliveries) > 1:
            return _several(deliveries, person, found, at)
        intent = deliveries[0].outbox
        case = found.cases.get(intent.case_id or 0)
        told = occasion(intent.kind)
        if case is None:
            return _about_no_case(intent, person, told, found, at)
        if case.channel.sensitive:
            return bare(case, language=person.language)
        policy = found.policy(case)
        values = v.for_staff(intent, case, person, told, found, policy, at)
        language, subject, body = _wording(told, policy, person.language)
        blocks = _without_link(words.blocks(body, values), values["url"])
        return Letter(
            subject=words.subject(subject, values),
            blocks=blocks,
            language=language,
            url=values["url"],
            action=_("Open %(reference)s") % {"reference": case.reference},
            footer=_footer(v.why_told(intent, case, person, found), blocks),
            tone={"late": "late", "soon": "soon"}.get(told.group, ""),
            thread=case.reference,
        )


def bare(case: Case, *, language: str) -> Letter:
    """Reference and link, nothing else: for sensitive cases, and for rooms, where nobody knows who reads."""
    with speaking(language):
        return Letter(
            subject=case.reference,
            blocks=(Paragraph((_("There is something for you in %(reference)s.") % {"reference": case.reference},)),),
            language=language,
            url=v.link(case),
            action=_("Open %(reference)s") % {"reference": case.reference},
            thread=case.reference,
        )


def to_party(delivery: Delivery, party: Party, found: Situation, *, follow: str = "") -> Letter:
    """The letter to a party: the words that a person wrote for them, else the playbook's in their language. `follow` is
    the address at which they follow the case; with an empty one the letter says nothing of it."""
    intent = delivery.outbox
    case = found.cases[intent.case_id or 0]
    told = occasion(intent.kind)
    policy = found.policy(case)
    values = {**v.for_party(intent, case, party, found, policy), "status_url": follow}
    with speaking(party.language):
        language, subject, body = _wording(told, policy, party.language)
        message = found.row("message", intent.data)
        if isinstance(message, Message):
            return Letter(
                subject=_with_reference(words.clean(message.subject) or words.subject(subject, values), case),
                blocks=words.plain(message.body),
                language=message.language,
                url=follow,
                action=following.words_in(message.language)["letter_action"] if follow else "",
                footer=(case.reference,),
                thread=case.reference,
                reply_to=message.in_reply_to,
                automatic=message.automatic,
            )
        blocks = _without_link(words.blocks(body, values) or words.blocks(told.body, values), follow)
        return Letter(
            subject=_with_reference(words.subject(subject, values), case),
            blocks=blocks,
            language=language,
            url=follow,
            action=following.words_in(language)["letter_action"] if follow else "",
            footer=(case.reference,),
            thread=case.reference,
        )


def still_true(delivery: Delivery, person: User, found: Situation, at: dt.datetime) -> bool:
    """Whether a notice still says what is so: a warning of a target met meanwhile, or a case that went to somebody else
    before the mail left, is not told any more."""
    intent = delivery.outbox
    case = found.cases.get(intent.case_id or 0)
    if case is None:
        return matters.still_to_tell(intent, person, at)
    match intent.kind:
        case "notice.warning":
            clock = v.clock_of(intent, found.clocks.get(case.pk, []))
            return case.is_open and (clock is None or clock.ended_at is None)
        case "notice.assigned":
            return f"user:{case.assignee_id}" in intent.data.get("to", [])
        case "notice.handoff":
            row = found.row("handoff", intent.data)
            return row is None or row.state == Handoff.State.OFFERED
        case "notice.approval":
            row = getattr(found.row("remedy", intent.data), "approval", None)
            return row is None or row.state == Approval.State.WAITING
    return True


def message_of(delivery: Delivery, found: Situation) -> Message | None:
    """The message row whose words a delivery carries, if there is one."""
    row = found.row("message", delivery.outbox.data)
    return row if isinstance(row, Message) else None


def _wording(told: Occasion, policy: Policy | None, language: str) -> tuple[str, str, str]:
    """Language, subject and body: the playbook's, else the program's own in the reader's language."""
    wordings = policy.central.messages.get(told.template_key, {}) if policy is not None else {}
    found = words.in_language(wordings, language)
    if found is None:
        return language, _(told.subject), _(told.body)
    return found[0], found[1].subject, found[1].body


def _with_reference(subject: str, case: Case) -> str:
    # An answer whose mail lost its headers still finds its case.
    return subject if case.reference in subject else f"{subject} [{case.reference}]"


def _without_link(blocks: tuple[Block, ...], url: str) -> tuple[Block, ...]:
    return tuple(block for block in blocks if not (isinstance(block, Paragraph) and block.lines == (url,)))


def _footer(why: str, blocks: tuple[Block, ...] = ()) -> tuple[str, ...]:
    """Why it is told, unless the words say so already."""
    said = {value for block in blocks if isinstance(block, Facts) for _label, value in block.rows}
    return (why,) if why and why not in said else ()


def _several(deliveries: Sequence[Delivery], person: User, found: Situation, at: dt.datetime) -> Letter:
    grouped: dict[Group, list[Delivery]] = {group: [] for group in GROUPS}
    for row in sorted(deliveries, key=lambda row: (row.outbox.at, row.pk)):
        grouped[occasion(row.outbox.kind).group].append(row)
    counts = [f"{len(rows)} {_(GROUPS[group])}" for group, rows in grouped.items() if rows]
    left, groups = LISTED, []
    for group, rows in grouped.items():
        listed = tuple(_entry(row.outbox, person, found, at) for row in rows[:left])
        if listed:
            groups.append((_(GROUPS[group]), listed))
            left -= len(listed)
    count = len(deliveries)
    return Letter(
        subject=ngettext("%(count)d notice: %(what)s", "%(count)d notices: %(what)s", count)
        % {"count": count, "what": ", ".join(counts)},
        blocks=(),
        language=person.language,
        url=home(),
        action=_("Open my desk"),
        groups=tuple(groups),
        more=max(0, count - LISTED),
        footer=(_("Told together, so that you get one mail instead of many."),),
        tone="late" if grouped["late"] else "soon" if grouped["soon"] else "",
    )


def _entry(intent: Outbox, person: User, found: Situation, at: dt.datetime) -> Entry:
    told = occasion(intent.kind)
    case = found.cases.get(intent.case_id or 0)
    if case is None:
        letter = _about_no_case(intent, person, told, found, at)
        return Entry("", letter.subject, letter.url)
    if case.channel.sensitive:
        return Entry(case.reference, "", v.link(case))
    policy = found.policy(case)
    values = v.for_staff(intent, case, person, told, found, policy, at)
    subject = words.subject(_wording(told, policy, person.language)[1], {**values, "reference": ""})
    return Entry(case.reference, subject.lstrip(":,- "), values["url"])


def _about_no_case(intent: Outbox, person: User, told: Occasion, found: Situation, at: dt.datetime) -> Letter:
    """A letter of an intent that hangs on no single case: a digest, a word about the desk itself, something of an app
    above, or to somebody who may no longer see the case (its reference then, and nothing else)."""
    about = matters.matter(intent, person, at)
    listed = intent.data.get("cases") or []
    cases = [found.cases[pk] for pk in listed if pk in found.cases]
    lines = [case.reference if case.channel.sensitive else f"{case.reference} {case.category.name}" for case in cases]
    count = about.count if about is not None else intent.data.get("count")
    reference = intent.data.get("reference")
    url = about.url if about is not None else home()
    asked = (about.asked if about is not None else "") or (_(told.asked) if told.asked else "")
    values: Mapping[str, Any] = {
        "reference": reference if isinstance(reference, str) else "",
        "count": str(count if isinstance(count, int) else len(listed) or ""),
        "items": "\n".join(lines[:LISTED]),
        "asked": asked,
        "recipient": str(person),
        "url": url,
    }
    try:
        policy = law.policy_of(law.in_force(at))
    except NoPolicy:
        policy = None
    language, subject, body = _wording(told, policy, person.language)
    groups, more = _clipped(about.groups) if about is not None else ((), 0)
    return Letter(
        subject=words.subject(subject, values),
        blocks=_without_link(words.blocks(body, values), url),
        language=language,
        url=url,
        action=about.action if about is not None else _("Open my desk"),
        groups=groups,
        more=more,
        footer=_footer(v.why_told(intent, None, person, found)),
        tone="late" if told.group == "late" else "",
    )


def _clipped(groups: Groups) -> tuple[Groups, int]:
    """At most `LISTED` entries under their headings, and how many are left out."""
    left, kept = LISTED, []
    for heading, entries in groups:
        if shown := entries[:left]:
            kept.append((heading, shown))
            left -= len(shown)
    return tuple(kept), sum(len(entries) for _heading, entries in groups) - LISTED + left
