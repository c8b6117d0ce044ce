"""Doors beside the cases: people, channels, accounts, holds, the access log, messages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.models import Group

from escalations.errors import NotAllowed
from escalations.models import Case, Delivery, Level, Outbox, PolicyVersion, Role, User
from escalations.services import accounts, channels, noting, people, roles
from escalations.services.privacy import holds, requests
from governance.models import Proposal
from governance.services import proposals
from playbook.models import Article, Entry, Precedent, Revision
from playbook.services import articles, drafts, onboarding, precedents
from tests.privileges.office import AT, Office, Tried, Way

PEOPLE, CHANNELS, ACCOUNTS = "People", "Who belongs to a channel", "Accounts and roles"
HOLDS, ENGINE, DATA = "Legal holds", "Record and engine", "Personal data"
PLAYBOOK = "The playbook"
DAY = dt.timedelta(days=1)


def rows(office: Office) -> list[Tried]:
    """The rows of doors."""
    return [
        *_people(office),
        *_channels(office),
        *_accounts(office),
        *_holds(office),
        *_data(office),
        *_engine(office),
        *_playbook(office),
    ]


def _people(o: Office) -> list[Tried]:
    levels = {row.key: row.pk for row in Level.objects.all()}
    on_call = Role.objects.order_by("pk").values_list("pk", flat=True)[0]
    span: dict[str, Any] = {"starts_at": AT, "ends_at": AT + DAY, "now": AT}

    def of(who: str, whose: str) -> int:
        return o.user(who if whose == "own" else whose).pk

    def absence(whose: str) -> Any:
        return lambda who: people.set_absence(person_id=of(who, whose), actor=o.user(who), **span)

    def cover(whose: str) -> Any:
        return lambda who: people.set_cover(person_id=of(who, whose), by_id=o.user("tia").pk, actor=o.user(who), **span)

    def back(whose: str) -> Any:
        def go(who: str) -> None:
            row = people.set_absence(person_id=of(who, whose), actor=o.user("administrator"), **span)
            people.end_absence(absence_id=row.pk, actor=o.user(who), now=AT)

        return go

    def member(team: str) -> Any:
        return lambda who: people.set_membership(
            person_id=o.user("bob").pk, team_id=o.teams[team].pk, level_id=levels["L1"], actor=o.user(who), now=AT
        )

    def out(name: str) -> Any:
        row = o.user(name).memberships.get()
        return lambda who: people.end_membership(membership_id=row.pk, actor=o.user(who), now=AT)

    def make_lead(name: str) -> Any:
        def go(who: str) -> None:
            person, team = o.user(name).pk, o.user(name).memberships.get().team_id
            roles.set_roles(person_id=person, roles=["lead"], actor=None, now=AT, origin="sso")
            people.set_membership(
                person_id=person, team_id=team, level_id=levels["L1"], leads=True, actor=o.user(who), now=AT
            )

        return go

    def raise_own(who: str) -> None:
        people.set_membership(person_id=o.user(who).pk, team_id=o.teams["orders"].pk, level_id=levels["L3"], leads=True,
                              actor=o.user(who), now=AT)  # fmt: skip

    def three(door: Any) -> tuple[Way, ...]:
        return Way("own", door("own")), Way("own team", door("jon")), Way("any team", door("pia"))

    def two(door: Any, own: str, other: str) -> tuple[Way, ...]:
        return Way("own team", door(own)), Way("any team", door(other))

    return [
        Tried("set_absence", PEOPLE, "Enter an absence", three(absence)),
        Tried("end_absence", PEOPLE, "End an absence", three(back)),
        Tried("set_cover", PEOPLE, "Say who stands in", three(cover)),
        Tried("set_membership", PEOPLE, "Put somebody into a team, set their level and capacity",
              two(member, "orders", "payments")),
        Tried("make_lead", PEOPLE, "Let somebody lead the team with one", two(make_lead, "jon", "pia")),
        Tried("raise_own", PEOPLE, "Raise one's own level, or make oneself the lead", (Way("", raise_own),)),
        Tried("end_membership", PEOPLE, "Let somebody leave a team", two(out, "mia", "pia")),
        Tried("set_on_call", PEOPLE, "Say who is on call", (
            Way("", lambda who: people.set_on_call(role_id=on_call, person_id=o.user("leo").pk, starts_at=AT, now=AT,
                                                   actor=o.user(who))),)),
    ]  # fmt: skip


def _channels(o: Office) -> list[Tried]:
    def ask(channel: str, who: str, part: str = "readers", person: str = "bob") -> int:
        row = channels.ask(channel_id=o.channels[channel].pk, person_id=o.user(person).pk, part=part, reason="Covers.",
                           actor=o.user(who), now=AT)  # fmt: skip
        return row.pk

    def decide(asker: str) -> Any:
        def go(who: str) -> None:
            request = ask("general", who if asker == "own" else "owner")
            channels.decide(request_id=request, approve=True, actor=o.user(who), now=AT)

        return go

    def end(channel: str, asker: str, decider: str) -> Any:
        def go(who: str) -> None:
            request = ask(channel, asker)
            channels.decide(request_id=request, approve=True, actor=o.user(decider), now=AT)
            channels.end(request_id=request, actor=o.user(who), now=AT)

        return go

    def first_owner(who: str) -> None:
        Group.objects.get(name="channel:brand:owners").user_set.clear()
        ask("brand", who, "owners", "max")

    def part(name: str) -> Any:
        """Whether this person may be let in at all, whoever asks."""
        return lambda who: ask("brand", "owner", name, who)

    from escalations.errors import Refused

    return [
        Tried("ask", CHANNELS, "Ask for somebody to enter a channel that one owns", (
            Way("own channel", lambda who: ask("general", who)), Way("any channel", lambda who: ask("fraud", who)))),
        Tried("decide", CHANNELS, "Confirm that somebody enters", (
            Way("second person", decide("another")), Way("own request", decide("own")))),
        Tried("end", CHANNELS, "Take somebody out of a channel", (
            Way("own channel", end("general", "owner", "supervisor")), Way("any channel", end("fraud", "max", "tia")))),
        Tried("first_owner", CHANNELS, "Name the first owner of a channel that nobody owns", (Way("", first_owner),)),
        Tried("be_reader", CHANNELS, "Be let in as a reader, exporter or owner", tuple(
            Way(name, part(name)) for name in ("readers", "exporters", "owners")), (Refused,)),
        Tried("be_worker", CHANNELS, "Be let in as somebody who works there", (Way("", part("workers")),), (Refused,)),
        Tried("be_specialist", CHANNELS, "Be let in as a specialist", (Way("", part("specialists")),), (Refused,)),
    ]  # fmt: skip


def _accounts(o: Office) -> list[Tried]:
    def give(whose: str) -> Any:
        def go(who: str) -> None:
            person = o.user(who if whose == "own" else whose)
            held = {*roles.held_by(person)}
            keys = (
                {"supervisor", "council"} if whose != "own" else ({"council"} if "council" not in held else {"agent"})
            )
            roles.set_roles(person_id=person.pk, roles={*held, *keys} - {"integration", "auditor", "onboarding"},
                            actor=o.user(who), now=AT, origin="admin")  # fmt: skip

        return go

    def flags(whose: str, **wanted: bool) -> Any:
        def go(who: str) -> None:
            person = o.user(who if whose == "own" else whose)
            flags = {"is_active": person.is_active, "is_superuser": person.is_superuser} | wanted
            accounts.set_rights(person_id=person.pk, role_keys=roles.held_by(person), actor=o.user(who), now=AT,
                                **flags)  # fmt: skip

        return go

    def group(mine: bool) -> Any:
        def go(who: str) -> None:
            made = Group.objects.create(name="counsel")
            if mine:
                made.user_set.add(o.user(who))
            charge = o.user("second").user_permissions.model.objects.get(codename="hold_data")
            accounts.set_group(group_id=made.pk, name="counsel", permission_ids=[charge.pk], actor=o.user(who), now=AT)

        return go

    def more(who: str) -> None:
        made, person = Group.objects.create(name="counsel"), o.user(who)
        accounts.set_rights(person_id=person.pk, is_active=True, is_superuser=True, role_keys=roles.held_by(person),
                            group_ids=[made.pk], actor=person, now=AT)  # fmt: skip

    return [
        Tried("set_roles", ACCOUNTS, "Give and take roles of others", (Way("", give("jon")),)),
        Tried("set_roles own", ACCOUNTS, "Give oneself a role", (Way("", give("own")),)),
        Tried("set_rights", ACCOUNTS, "Make somebody an administrator, or close their account", (
            Way("make", flags("jon", is_superuser=True)), Way("close", flags("jon", is_active=False)))),
        Tried("set_rights own", ACCOUNTS, "Make oneself an administrator, or join a group", (Way("", more),)),
        Tried("set_group", ACCOUNTS, "Say what a group permits", (Way("", group(False)),)),
        Tried("set_group own", ACCOUNTS, "Permit more to a group that one is in", (Way("", group(True)),)),
    ]  # fmt: skip


def _holds(o: Office) -> list[Tried]:
    def charge(name: str) -> None:
        o.user(name).user_permissions.add(_permission("hold_data"))

    def ask(who: str) -> int:
        row = holds.ask(party_id=o.held.party_id, basis="A dispute.", review_at=AT.date() + 90 * DAY, now=AT,
                        actor=o.user(who))  # fmt: skip
        return row.pk

    def named(door: Any) -> Any:
        def go(who: str) -> None:
            charge(who)
            door(who)

        return go

    def answer(asker: str) -> Any:
        def go(who: str) -> None:
            charge("owner")
            row = ask(who if asker == "own" else "owner")
            holds.answer(hold_id=row, agree=True, actor=o.user(who), now=AT)

        return go

    def lift(who: str) -> None:
        charge("owner")
        charge("mia")
        row = ask("owner")
        holds.answer(hold_id=row, agree=True, actor=o.user("mia"), now=AT)
        holds.ask_to_lift(hold_id=row, reason="Over.", actor=o.user(who), now=AT)

    return [
        Tried("hold", HOLDS, "Ask for a legal hold", (Way("by name", named(ask)), Way("role", ask))),
        Tried("answer_hold", HOLDS, "Confirm a legal hold", (
            Way("by name, second person", named(answer("another"))), Way("own request", named(answer("own"))),
            Way("role", answer("another")))),
        Tried("lift_hold", HOLDS, "Ask to lift a legal hold", (Way("by name", named(lift)), Way("role", lift))),
    ]  # fmt: skip


def _data(o: Office) -> list[Tried]:
    about: dict[str, Any] = {"reference": o.held.reference, "confirmed": o.held.party.pseudonym, "now": AT}

    def erase(who: str) -> None:
        Case.objects.filter(party=o.held.party).update(is_open=False)
        requests.ask_to_erase(reason="A letter.", actor=o.user(who), **about)

    def export(who: str) -> None:
        requests.export(actor=o.user(who), **about)

    def named(door: Any) -> Any:
        def go(who: str) -> None:
            o.user(who).user_permissions.add(_permission(requests.IN_CHARGE))
            door(who)

        return go

    return [
        Tried("export_data", DATA, "Hand out what the desk knows of a person, at their request",
              (Way("by name", named(export)), Way("role", export))),
        Tried("erase_data", DATA, "Have a person erased, at their request",
              (Way("by name", named(erase)), Way("role", erase))),
    ]  # fmt: skip


def _permission(codename: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename=codename)


def _engine(o: Office) -> list[Tried]:
    def review(whose: str) -> Any:
        def go(who: str) -> None:
            entry = noting.note(kind="read", person=o.user(who if whose == "own" else whose), now=AT)
            noting.review(entry_ids=[entry.pk], actor=o.user(who), now=AT)

        return go

    def resend(case: Any) -> Any:
        def go(who: str) -> None:
            told = Outbox.objects.create(kind="notice.reply", case=case, at=AT, occurrence_key=f"tried/{case}",
                                         data={"to": [f"user:{o.user('jon').pk}"]})  # fmt: skip
            row = Delivery.objects.create(outbox=told, recipient=f"user:{o.user('jon').pk}", means="email",
                                          state=Delivery.State.DEAD, next_at=AT)  # fmt: skip
            o.clients[who].post("/admin/escalations/delivery/resend/", {"delivery": row.pk})
            if Delivery.objects.get(pk=row.pk).state == Delivery.State.DEAD:
                raise NotAllowed("not sent again")

        return go

    def sign_in(who: str) -> None:
        from django.test import Client

        from tests.privileges.office import PASSWORD

        client = Client()
        client.post("/accounts/login/", {"login": who, "password": PASSWORD})
        if "_auth_user_id" not in client.session:
            raise NotAllowed("not let in")

    return [
        Tried("sign_in", ENGINE, "Sign in with a browser", (Way("", sign_in),)),
        Tried("review", ENGINE, "Review the access log", (
            Way("what others did", review("jon")), Way("own", review("own")))),
        Tried("resend", ENGINE, "Send again what was given up", (
            Way("own cases", resend(o.held)), Way("about no case", resend(None)))),
    ]  # fmt: skip


def _playbook(o: Office) -> list[Tried]:
    def write(who: str) -> None:
        version = PolicyVersion.objects.order_by("number")[0]
        drafts.begin_draft(base=version, title="Tried", actor=o.user(who), now=AT)

    def draft(actor: str) -> int:
        """A draft of somebody's that changes a name."""
        base = PolicyVersion.objects.order_by("-number")[0]
        edition = drafts.begin_draft(base=base, title="Tried", actor=o.user(actor), now=AT)
        row = Entry.objects.filter(edition=edition, section="rules").order_by("position")[0]
        drafts.write_entry(
            edition_id=edition.pk, address=row.address, body={**row.says, "name": "Tried"}, actor=o.user(actor),
            now=AT, rationale="Tried.", version=row.version,
        )  # fmt: skip
        return edition.pk

    def propose(edition: int, actor: str) -> Proposal:
        return proposals.propose(
            edition_id=edition, actor=o.user(actor), now=AT, effective_at=AT + DAY, reason="Tried.",
            warnings_reason="Tried.",
        )  # fmt: skip

    def yes(row: Proposal, who: str) -> Proposal:
        return proposals.approve(proposal_id=row.pk, digest=row.edition_digest, actor=o.user(who), now=AT)

    def approve(own: bool) -> Any:
        def go(who: str) -> None:
            writer = who if own else "second"
            yes(propose(draft(writer), writer), who)

        return go

    def act(service: Any, own: bool, approved: bool = False) -> Any:
        def go(who: str) -> None:
            writer = who if own else "second"
            row = propose(draft(writer), writer)
            if approved:
                yes(row, "administrator" if who != "administrator" else "council")
            service(proposal_id=row.pk, actor=o.user(who), now=AT, reason="Tried.")

        return go

    def learn(who: str) -> None:
        version = PolicyVersion.objects.order_by("-number")[0]
        onboarding.enrol(person=o.user(who), team="orders", region="eu-de", version=version, now=AT)
        onboarding.acknowledge(person=o.user(who), version=version, now=AT)

    return [
        Tried("learn", PLAYBOOK, "Choose a track, practise, and take in what changed", (Way("", learn),)),
        Tried("write_playbook", PLAYBOOK, "Write drafts of the playbook", (Way("", write),)),
        Tried("propose", PLAYBOOK, "Propose a draft", (Way("", lambda who: propose(draft("second"), who)),)),
        Tried("approve", PLAYBOOK, "Approve a change of the playbook", (
            Way("what others wrote", approve(False)), Way("own", approve(True)))),
        Tried("reject_proposal", PLAYBOOK, "Reject a change of the playbook", (
            Way("what others wrote", act(proposals.reject, False)), Way("own", act(proposals.reject, True)))),
        Tried("withdraw_proposal", PLAYBOOK, "Withdraw a proposal", (
            Way("what others wrote", act(proposals.withdraw, False)), Way("own", act(proposals.withdraw, True)))),
        Tried("object", PLAYBOOK, "Object to words that were approved", (
            Way("", act(proposals.object_to, False, approved=True)),)),
        *_articles(o),
        *_precedents(o),
    ]  # fmt: skip


def _precedents(o: Office) -> list[Tried]:
    texts = dict.fromkeys(precedents.TEXTS, "Tried.")

    def archive(who: str) -> None:
        Case.objects.filter(pk=o.held.pk).update(status=Case.Status.RESOLVED, root_cause="other")
        precedents.archive(case_id=o.held.pk, actor=o.user(who), now=AT, **texts)

    def end(service: Any) -> Any:
        def go(who: str) -> None:
            case = o.held
            row = Precedent.objects.create(
                case=case, policy_version=case.policy_version, category=case.category.key, region=case.region.key,
                level=case.level.key, root_cause="other", language="en", archived_by=o.user("ana"), archived_at=AT,
                **texts,
            )  # fmt: skip
            service(precedent_id=row.pk, reason="Tried.", actor=o.user(who), now=AT)

        return go

    return [
        Tried("archive_precedent", PLAYBOOK, "Archive the decision of a case", (Way("", archive),)),
        Tried("end_precedent", PLAYBOOK, "Overturn or take out a precedent", (
            Way("", end(precedents.overturn)), Way("", end(precedents.take_out)))),
    ]  # fmt: skip


def _articles(o: Office) -> list[Tried]:
    def begun(author: User) -> Revision:
        article = Article.objects.create(
            key="tried", language="en", audience="agent", owner=author, review_by=AT.date(), created_at=AT
        )
        return Revision.objects.create(
            article=article, number=1, title="Tried", body="Tried.\n", author=author, written_at=AT, state="proposed"
        )

    def published() -> Revision:
        revision = begun(o.user("jon"))
        Revision.objects.update(state="current", reviewer=o.user("ana"), reviewed_at=AT)
        return revision

    def write(who: str) -> None:
        document = {"key": "tried", "language": "en", "audience": "agent", "title": "Tried", "body": "Tried."}
        made = articles.begin(**document, actor=o.user(who), now=AT)  # type: ignore[arg-type]
        articles.propose(revision_id=made.pk, actor=o.user(who), now=AT)

    def review(author: str) -> Any:
        def go(who: str) -> None:
            row = begun(o.user(who if author == "own" else author))
            articles.approve(revision_id=row.pk, version=row.version, actor=o.user(who), now=AT)

        return go

    def say(who: str) -> None:
        articles.give_feedback(revision_id=published().pk, helpful=True, words="", actor=o.user(who), now=AT)

    def solved(who: str) -> None:
        row = published()
        articles.solved_it(article_id=row.article_id, case_id=o.held.pk, actor=o.user(who), now=AT)

    return [
        Tried("write_article", PLAYBOOK, "Write articles", (Way("", write),)),
        Tried("review_article", PLAYBOOK, "Review articles that somebody else wrote", (Way("", review("jon")),)),
        Tried("review_own", PLAYBOOK, "Review an article that one wrote oneself", (Way("", review("own")),)),
        Tried("say_clear", PLAYBOOK, "Say whether an article is clear", (Way("", say),)),
        Tried("solved_it", PLAYBOOK, "Say that an article solved a case", (Way("", solved),)),
    ]
