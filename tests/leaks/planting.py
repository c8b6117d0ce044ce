"""A desk with needles: one case of a restricted channel whose every sensitive field holds a text found nowhere else.

    hidden     a case of the channel `fraud`; Max and Tia of trust and safety are its specialists; opened to some singly
    open       a case of the general channel, of another party, that everybody of the walk may see

Needles are planted through the services that people use, as the people who use them.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Permission

from escalations.core.actor import Actor
from escalations.models import Case, CaseLink, Channel, ChannelRequest, Delivery, LegalHold, Party, PolicyVersion, User
from escalations.services import (
    assignment,
    channels,
    closing,
    compartments,
    delivery,
    escalation,
    evidence,
    facts,
    grants,
    handoffs,
    pauses,
    remedies,
    replies,
    sweep,
)
from escalations.services.files import adding
from escalations.services.privacy import findings, unmasking
from escalations.services.roles import follow, group_of
from governance.services import proposals
from playbook.models import Entry, Precedent
from playbook.services import articles, drafts
from playbook.services.precedents import TEXTS
from tests.core.policies import market_document
from tests.factories.desk import NOW, Desk

MARK = "Ndl7"
"""How each needle begins: searches of the walk ask for it."""

MINUTE = dt.timedelta(minutes=1)

BESIDE = ("supervisor", "council", "onboarding", "auditor", "integration")
"""Roles that see no case by themselves; each has a person of this name, who is in no channel."""


def needle(name: str) -> str:
    """A text that stands nowhere else: `Ndl7summaryQ`."""
    return f"{MARK}{name}Q"


#: What nobody without the channel may find, by where it was planted.
WORDS = {
    name: needle(name)
    for name in (
        "summary", "description", "answer", "subject", "party", "note", "evidence", "waived", "handoff", "returned",
        "escalation", "remedy", "decided", "pause", "fact", "factreason", "merge", "external", "rule",
        "because", "ring", "value", "look", "found", "findingfrom", "held", "calledin", "broken", "judged", "leaves",
        "filename", "filebytes", "fileremoved", "amended", "rationale", "article", "articletitle", "passage",
        "precedent", "precedentkept",
    )
}  # fmt: skip

#: What the class of the channel opens of the playbook, in cases, drafts, proposals and articles alike.
RESTRICTED = frozenset(
    {
        "rule",
        "because",
        "ring",
        "amended",
        "rationale",
        "article",
        "articletitle",
        "passage",
        "precedent",
        "precedentkept",
    }
)

#: Personal data of the party: only for holders of `see_party_data`.
PERSONAL = {"name": needle("name"), "email": "ndl7mail@example.org", "phone": "+49 30 7777 1234"}


@dataclass
class Planted:
    """What was planted, and the roles that walk."""

    desk: Desk
    hidden: Case
    open: Case
    merged: Case
    needles: dict[str, str] = field(default_factory=dict)


def document() -> dict[str, Any]:
    """The market's policy with needles in what only the class `fraud` may read."""
    made = market_document()
    central = made["central"]
    category = central["categories"]["seller.appeal"]
    category["evidence"] = [
        {"key": "licence", "name": "Trade licence"},
        {"key": "photo", "name": "Photo of the goods"},
    ]
    category["remedies"] = ["refund"]
    rule = next(rule for rule in central["rules"] if rule["key"] == "linked-appeal")
    rule["name"], rule["because"] = WORDS["rule"], WORDS["because"]
    central["facts"]["ring"]["name"] = WORDS["ring"]
    return made


PAGE = f"# Rings\n\nFreeze payouts first.\n\n```restricted fraud\n{WORDS['passage']}\n```\n"
PAGES = {"en/guide.rings": PAGE, "en/protocol.wallet-refund": "# Refund to a wallet\n\nTry it again.\n"}


def plant(desk: Desk) -> Planted:
    """Plant all needles."""
    desk.install(document(), now=NOW - dt.timedelta(days=1), pages=PAGES)
    roles()
    seller = {
        "kind": "seller", "external_id": needle("outside"), "name": PERSONAL["name"], "email": PERSONAL["email"],
        "phone": PERSONAL["phone"],
    }  # fmt: skip
    appeal = {"category": "seller.appeal", "symptom": "suspended", "assign": False}
    hidden = desk.open(
        **appeal, party=seller, summary=WORDS["summary"], description=WORDS["description"],
        external_ref=WORDS["external"], facts={"seller_note": "nothing yet"},
    )  # fmt: skip
    _work_on(desk, hidden)
    merged = desk.open(**appeal, party=seller, summary=WORDS["merge"])
    plain = desk.open(party={"kind": "buyer", "external_id": "B-1", "name": "Paul Plain", "email": "paul@example.org"})
    act = _act(desk, "max", hidden)
    CaseLink.objects.create(case=plain, other=hidden, kind="related", actor_kind="user", actor_id="1", at=NOW)
    _into(Channel.objects.get(key="fraud"), hidden, merged)
    closing.merge(case_id=merged.pk, actor=desk.by("max"), now=act["now"] + 50 * MINUTE, into_id=hidden.pk,
                  reason=WORDS["returned"])  # fmt: skip
    # Everything that was to be told has gone out, and one message to the party was given up.
    for minute in (60, 61, 62):
        delivery.expand(now=NOW + minute * MINUTE)
        delivery.deliver(now=NOW + minute * MINUTE)
    sweep.run(now=NOW + dt.timedelta(hours=60))
    delivery.expand(now=NOW + dt.timedelta(hours=60))
    Delivery.objects.filter(outbox__case=hidden, recipient__startswith="party:").update(
        state=Delivery.State.DEAD, error=WORDS["value"]
    )
    _open_singly(desk, hidden)
    channels.ask(
        channel_id=Channel.objects.get(key="fraud").pk, person_id=desk.user("mia").pk, part=ChannelRequest.Part.READERS,
        reason="Covers the weekend", actor=_owner(desk), now=NOW,
    )  # fmt: skip
    LegalHold.objects.create(
        party_id=hidden.party_id, case=hidden, basis=WORDS["held"], review_at=NOW.date(), asked_by=desk.user("max"),
        asked_at=NOW,
    )  # fmt: skip
    findings.add_indicator(
        case_id=hidden.pk, actor=desk.user("tia"), now=NOW, kind="device_match", source=WORDS["findingfrom"],
        confidence=2, body=WORDS["found"],
    )  # fmt: skip
    # Tia has the party's data open: for her alone, however many may.
    unmasking.unmask(case_id=hidden.pk, actor=desk.user("tia"), now=NOW, reason=WORDS["look"])
    Party.objects.filter(pk=hidden.party_id).update(staff_user=desk.user("sam"))
    _articles(desk)
    _precedents(desk, hidden, plain)
    for case in (hidden, plain, merged):
        case.refresh_from_db()
    _propose()
    return Planted(desk, hidden, plain, merged, {**WORDS, **PERSONAL, "outside": needle("outside")})


def _articles(desk: Desk) -> None:
    """A restricted article and one for everybody, both about the category of the hidden case."""
    shelf = (
        ("rings", "fraud", WORDS["articletitle"], f"{WORDS['article']} lanterns."),
        ("appeals", "", "Appeals", "How to appeal."),
    )
    for key, visibility, title, body in shelf:
        made = articles.begin(
            key=key, language="en", audience="seller", title=title, body=body, visibility=visibility,
            categories=["seller.appeal"], actor=desk.user("tia"), now=NOW,
        )  # fmt: skip
        articles.propose(revision_id=made.pk, actor=desk.user("tia"), now=NOW)
        articles.approve(revision_id=made.pk, version=2, actor=desk.user("max"), now=NOW)


def _precedents(desk: Desk, hidden: Case, plain: Case) -> None:
    """One of a case that came into the channel later, one of a case that was in it once."""
    for case, visibility, name in ((hidden, "", "precedent"), (plain, "fraud", "precedentkept")):
        Precedent.objects.create(
            case=case, policy_version=case.policy_version, visibility=visibility, category="seller.appeal",
            region=case.region.key, level=case.level.key, root_cause="other", language="en",
            archived_by=desk.user("tia"), archived_at=NOW, **dict.fromkeys(TEXTS, WORDS[name]),
        )  # fmt: skip


def _open_singly(desk: Desk, case: Case) -> None:
    """An expert reads it, another's time is over, somebody broke the glass, an earlier break was judged; and somebody
    asks to move it out of its channel."""
    owner = _owner(desk)
    for name, days in (("expert", 7), ("late", 1)):
        at = NOW if name == "expert" else NOW - dt.timedelta(days=2)
        desk.person(name, team="payments")
        grants.call_in(
            case_id=case.pk, actor=Actor.user(owner), now=at, person_id=desk.user(name).pk, reason=WORDS["calledin"],
            expires_at=at + dt.timedelta(days=days),
        )  # fmt: skip
    desk.person("glass", team="payments")
    grants.break_glass(reference=case.reference, actor=desk.by("glass"), now=NOW, reason=WORDS["broken"])
    desk.person("judged", team="payments")
    earlier = grants.break_glass(
        reference=case.reference, actor=desk.by("judged"), now=NOW - dt.timedelta(hours=5), reason=WORDS["broken"]
    )
    grants.review_glass(grant_id=earlier.pk, actor=Actor.user(owner), now=NOW, justified=False, words=WORDS["judged"])
    compartments.ask_release(
        case_id=case.pk, actor=desk.by("tia"), now=NOW, channel_id=Channel.objects.get(key="general").pk,
        reason=WORDS["leaves"],
    )  # fmt: skip


def _propose() -> None:
    """A restricted rule is to be changed: what it should say and why stand in the draft and in its proposal."""
    root = User.objects.get(username="root")
    base = PolicyVersion.objects.order_by("-number")[0]
    for title in ("Proposed", "Still a draft"):
        draft = drafts.begin_draft(base=base, title=title, actor=root, now=NOW)
        row = Entry.objects.get(edition=draft, section="rules", key="linked-appeal")
        drafts.write_entry(
            edition_id=draft.pk, address=row.address, body={**row.says, "because": WORDS["amended"]}, actor=root,
            now=NOW, rationale=WORDS["rationale"], version=row.version,
        )  # fmt: skip
        if title == "Proposed":
            proposals.propose(
                edition_id=draft.pk, actor=root, now=NOW, effective_at=NOW + dt.timedelta(days=1), reason="It is time.",
                warnings_reason="They are meant.",
            )  # fmt: skip


def roles() -> None:
    """People beside those of the small desk: an administrator, a reader of every table, and the party itself."""
    desk_people = {
        "root": {"is_superuser": True, "is_staff": True},
        "reader": {"is_staff": True},
        "sam": {"is_staff": True},
        **{role: {} for role in BESIDE},
    }
    for name, flags in desk_people.items():
        person = User.objects.create_user(
            username=name, email=f"{name}@desk.example", password="correct horse", **flags
        )
        if name in BESIDE:
            person.groups.add(group_of(name))
            follow(person)
        if name in ("reader", "sam"):
            person.user_permissions.set(Permission.objects.all())
        if name == "sam":
            for part in ("readers", "workers", "specialists", "owners"):
                person.groups.add(channels.ensure_groups(Channel.objects.get(key="fraud"))[part])


def _work_on(desk: Desk, case: Case) -> None:
    """Every act that takes words, each with a needle."""
    by = Actor.worker("assignment")
    assignment.assign(case_id=case.pk, actor=by, now=NOW, person_id=desk.user("tia").pk)
    act = _act(desk, "tia", case)
    replies.respond(**act, body=WORDS["answer"], subject=WORDS["subject"])
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW + 2 * MINUTE, body=WORDS["party"])
    replies.note(**act, body=WORDS["note"])
    evidence.add_evidence(**act, key="licence", note=WORDS["evidence"])
    evidence.waive_evidence(**act, key="photo", reason=WORDS["waived"])
    _files(act)
    asked = remedies.remedy(**act, kind="refund", amount="900.00", currency="EUR", reason=WORDS["remedy"])
    remedies.decide_remedy(approval_id=asked.approval.pk, actor=desk.by("max"), now=NOW + 5 * MINUTE, approve=True,
                           reason=WORDS["decided"])  # fmt: skip
    facts.change_facts(**act, changes={"seller_note": WORDS["fact"]}, reason=WORDS["factreason"])
    pauses.pause(**{**act, "now": NOW + 9 * MINUTE}, reason="buyer", evidence=WORDS["pause"])
    pauses.resume(**{**act, "now": NOW + 10 * MINUTE})
    escalation.escalate(**act, cause="authority", reason=WORDS["escalation"])
    handoffs.hand_off(case_id=case.pk, actor=desk.by("max"), now=NOW + 11 * MINUTE, note=WORDS["handoff"],
                      to_team_id=desk.user("leo").memberships.get().team_id)  # fmt: skip


def _files(act: dict[str, Any]) -> None:
    """A file with needles in its name and its bytes, and one that was removed."""
    for name, body in ((f"{WORDS['filename']}.txt", f"Words: {WORDS['filebytes']}"), ("gone.txt", "gone")):
        row = adding.add_file(**act, source=io.BytesIO(body.encode()), name=name, key="licence")
    adding.remove_file(**act, file_id=row.pk, reason=WORDS["fileremoved"])


def _act(desk: Desk, name: str, case: Case) -> dict[str, Any]:
    return {"case_id": case.pk, "actor": desk.by(name), "now": NOW + MINUTE}


def _owner(desk: Desk) -> User:
    owner = desk.user("max")
    owner.groups.add(channels.ensure_groups(Channel.objects.get(key="fraud"))["owners"])
    return desk.user("max")


def _into(channel: Channel, *cases: Case) -> None:
    """Into the restricted channel: by the rows, because what is walked over is the state, not the way there."""
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(channel=channel)
