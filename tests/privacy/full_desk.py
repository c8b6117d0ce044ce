"""A desk full of needles: in every column that `columns` lists as erased, about one person, who can be erased.

On top of the needles of `tests/leaks/planting.py`, which go through the acts that people do, those that only time
brings: imports, a log of the admin, tasks that failed, a session, a hold that was lifted, findings.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage

from escalations import keys
from escalations.core.actor import Actor
from escalations.models import (
    Approval,
    Case,
    CaseDecision,
    CaseFact,
    CaseFile,
    Channel,
    Escalation,
    Handoff,
    ImportRow,
    Indicator,
    LegalHold,
    Message,
    Party,
    PartyLink,
)
from escalations.services import closing, handoffs, links, replies
from escalations.services.channels import ensure_groups
from tests.factories.desk import NOW, Desk
from tests.leaks.planting import PERSONAL, RESTRICTED, WORDS, Planted, needle, plant

LATER = NOW + dt.timedelta(days=3)
MORE = (
    "inreplyto", "outcome", "brief", "factsource", "decided2", "importid", "importreason", "importdata", "refusedid",
    "refusedreason", "logrepr", "logsaid", "session", "taskargs", "taskkwargs", "taskresult", "payload", "cached",
    "filedeclared", "hold", "lifted", "findingsource", "finding", "settled", "elsewhere", "read", "mailid",
)  # fmt: skip


class Full:
    """The desk with its needles."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.planted: Planted = plant(desk)
        self.case = self.planted.hidden
        self.party = Party.objects.get(pk=self.case.party_id)
        self.needles = {name: text for name, text in self.planted.needles.items() if name not in RESTRICTED} | {
            name: needle(name) for name in MORE
        }
        self._end_it()
        self._more()

    def _end_it(self) -> None:
        """Leo takes the hidden case over, resolves and closes it; another one of the person waits merged."""
        leo = self.desk.user("leo")
        leo.groups.add(ensure_groups(Channel.objects.get(key="fraud"))["workers"])
        common: dict[str, Any] = {"case_id": self.case.pk, "actor": self.desk.by("leo"), "now": LATER}
        handoffs.accept(**common)
        root = next(iter(self._category()["root_causes"]))
        closing.resolve(**common, root_cause=root, message=self.needles["answer"])
        closing.close(**common)

    def _category(self) -> dict[str, Any]:
        document = json.loads(Case.objects.get(pk=self.case.pk).policy_version.document)
        found: dict[str, Any] = document["central"]["categories"][Case.objects.get(pk=self.case.pk).category.key]
        return found

    def _more(self) -> None:
        words, case, party = self.needles, self.case, self.party
        first = Message.objects.filter(case=case).order_by("pk").first()
        assert first is not None
        Message.objects.filter(pk=first.pk).update(in_reply_to=words["inreplyto"], message_id=f"<{words['mailid']}@x>")
        CaseFile.objects.filter(case=case).update(declared=words["filedeclared"])
        Escalation.objects.filter(case=case).update(outcome=words["outcome"])
        Handoff.objects.filter(case=case).update(brief={"impact": [words["brief"]]}, returned_because=words["brief"])
        Approval.objects.filter(case=case).update(reason=words["decided2"])
        CaseFact.objects.create(
            case=case,
            key="money_at_risk",
            value={"amount": "1.00", "currency": "EUR"},
            source=words["factsource"],
            at=NOW,
        )
        for row in CaseDecision.objects.filter(case=case):
            CaseDecision.objects.filter(pk=row.pk).update(facts={**row.facts, "seller_note": words["read"]})
        ImportRow.objects.create(
            source="old", external_id=words["importid"], line=1, state="done", reason=words["importreason"],
            data={"kept": {"who": words["importdata"]}}, case=case, at=NOW,
        )  # fmt: skip
        ImportRow.objects.create(
            source="old", external_id=words["refusedid"], line=2, state="refused",
            reason=f"{PERSONAL['email']} {words['refusedreason']}", data={}, at=NOW,
        )  # fmt: skip
        LogEntry.objects.create(
            user=self.desk.user("max"), content_type=ContentType.objects.get_for_model(Party), object_id=str(party.pk),
            object_repr=words["logrepr"], action_flag=2, change_message=words["logsaid"], action_time=NOW,
        )  # fmt: skip
        session = SessionStore()
        session.update({"_auth_user_id": "1", "_messages": words["session"]})
        session.save()
        task = {"args": (words["taskargs"],), "kwargs": {"who": words["taskkwargs"]}, "result": words["taskresult"]}
        Task.objects.create(id="t", name="t", func="f", started=NOW, stopped=NOW, success=False, **task)
        OrmQ.objects.create(key="throughline", payload=SignedPackage.dumps({"args": words["payload"]}), lock=NOW)
        cache.set("card", words["cached"], timeout=None)
        two = {"asked_by": self.desk.user("max"), "confirmed_by": self.desk.user("tia")}
        LegalHold.objects.update(state="lifted")
        LegalHold.objects.create(
            party=party, basis=words["hold"], review_at=NOW.date(), state="lifted", asked_at=NOW,
            lift_reason=words["lifted"], **two,
        )  # fmt: skip
        Indicator.objects.create(
            case=case, type="device_match", source=words["findingsource"], confidence=3, body=words["finding"],
            settled_because=words["settled"], key_id=keys.field_key_id(), actor_kind="user", actor_id="1", at=NOW,
        )  # fmt: skip
        links.link_for(case=case, party_id=party.pk, now=LATER)
        link = PartyLink.objects.get(case=case)
        self.needles |= {"linknonce": link.nonce, "linkdigest": link.digest}
        # The person goes on writing to a case of somebody else that theirs is linked with.
        replies.receive(
            case_id=self.planted.open.pk, actor=Actor.party(party.pk), now=LATER, body=words["elsewhere"], means="mail"
        )

    # ------------------------------------------------------------------------------------------- looking for them

    def rows(self) -> Iterator[tuple[str, str]]:
        """Every value of every row of every table as text: encrypted fields opened, packages unpacked."""
        for model in apps.get_models(include_auto_created=True):
            label = model._meta.label
            for row in model._default_manager.all():
                for item in model._meta.concrete_fields:
                    yield f"{label}.{item.name}", _text(getattr(row, item.attname))
                if isinstance(row, Session):
                    yield f"{label}.session_data", str(row.get_decoded())
                if isinstance(row, OrmQ):
                    yield f"{label}.payload", str(SignedPackage.loads(row.payload))
        yield "cache", str(cache.get("card"))
        yield "storage", stored_files().decode("latin-1")

    def sites(self) -> dict[str, set[str]]:
        """Needle -> where it stands now, as the program reads its tables."""
        found: dict[str, set[str]] = {name: set() for name in self.needles}
        for site, text in self.rows():
            lowered = text.lower()
            for name, word in self.needles.items():
                if word.lower() in lowered:
                    found[name].add(site)
        return found

    def spellings(self) -> dict[str, list[bytes]]:
        """Needle -> the byte strings by which it would betray itself in a file."""
        found = {name: list(spelled(word)) for name, word in self.needles.items()}
        digits = "".join(character for character in PERSONAL["phone"] if character.isdigit())
        found["phone"] += [digits.encode(), *(word.encode() for word in keys.blind_indexes("phone", PERSONAL["phone"]))]
        found["email"] += [word.encode() for word in keys.blind_indexes("email", PERSONAL["email"])]
        return found

    def in_bytes(self, data: bytes) -> set[str]:
        """The needles that stand in some bytes, in any spelling."""
        lowered = data.lower()
        return {
            name for name, words in self.spellings().items()
            if any(word in data or word.lower() in lowered for word in words)
        }  # fmt: skip


def spelled(word: str) -> Iterator[bytes]:
    """A text as UTF-8, UTF-16, hexadecimal and base64 (at each of three places), and each of its longer words."""
    for text in {word, *(part for part in word.split() if len(part) > 3 and not part.isdigit())}:
        raw = text.encode()
        yield raw
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield raw.hex().encode()
        for before in range(3):
            # What surrounds it changes the first and last letters; the middle is its own.
            yield base64.b64encode(b"\0" * before + raw)[4 if before else 0 : -4]


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def stored_files() -> bytes:
    """All that lies in the storage of files, and the ledger's own file."""
    paths = [*Path(settings.MEDIA_ROOT).rglob("*"), Path(settings.THROUGHLINE_ERASURE_LEDGER)]
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())


__all__ = ["LATER", "PERSONAL", "WORDS", "Full", "spelled", "stored_files"]
