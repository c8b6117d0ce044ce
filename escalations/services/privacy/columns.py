"""Every text, JSON and binary column of the database, and what erasure does with it.

A column that is added later must be listed here, or `tests/privacy/test_columns.py` fails: as erased, or as kept with
the reason why it holds nothing personal. Columns are named `app.Model`; history tables and tables of libraries too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat

ERASED = "(erased)"
"""What stands where words were that a page shows."""

Reach = Literal["case", "party", "elsewhere", "nothing"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A column without personal data, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Blanked:
    """A column that gets this value. An expression may stand for it; `done` then recognises it."""

    to: Any = ""
    done: Q | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A column that is erased by other means than an UPDATE, and which."""

    how: str


Rule = Kept | Blanked | Elsewhere


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `reach` says how its rows hang on what is erased: `at` is the look-up from the row to the case (or
    party); `nothing` is for tables in which nothing is erased. `gone` rows are deleted instead of blanked."""

    reach: Reach
    columns: Mapping[str, Rule]
    at: str = ""
    gone: bool = False
    only: Q = field(default_factory=Q)

    @property
    def blanked(self) -> dict[str, Blanked]:
        """The columns that get another value."""
        return {name: rule for name, rule in self.columns.items() if isinstance(rule, Blanked)}


def kept(why: str, *names: str) -> dict[str, Rule]:
    """Several columns that are kept for one reason."""
    return dict.fromkeys(names, Kept(why))


def blanked(*names: str, to: Any = "") -> dict[str, Rule]:
    """Several columns that get one value."""
    return {name: Blanked(to) for name in names}


def elsewhere(how: str, *names: str) -> dict[str, Rule]:
    """Several columns that are erased by one other means."""
    return dict.fromkeys(names, Elsewhere(how))


WORD = "a key of the policy, or a word of a fixed list"
SEAL = "a digest, a MAC or the id of a key"
ACTOR = "who acted, by kind and id; a party is named by its number here"
DESK = "about the desk's own people and law, not about parties"
MACHINE = "written by the engine from keys, ids and counts"
NAME = "a pseudonym or a reference that the desk made up itself"
DECLARED = "declared in code"

_registry = kept(DESK, "key", "name")
_history = kept("which act was done, by its key", "history_change_reason", "history_type")


def _own_id(prefix: str, suffix: str) -> Blanked:
    made = Concat(Value(prefix), Cast(F("pk"), CharField()), Value(suffix))
    return Blanked(made, done=Q(message_id__startswith=prefix))


COLUMNS: Mapping[str, Table] = {
    # ------------------------------------------------------------------------------------------------------ the person
    "escalations.Party": Table(
        "party",
        {
            **elsewhere("erasing.erase_person: through the encrypted field", "name", "email", "phone"),
            **blanked("email_index", "phone_index", "external_id"),
            **kept(NAME, "pseudonym"),
            **kept(WORD, "kind", "language"),
            **kept(SEAL, "key_id"),
        },
        at="pk",
    ),
    "escalations.HistoricalParty": Table(
        "party",
        {
            **blanked("external_id"),
            **kept(NAME, "pseudonym"),
            **kept(WORD, "kind", "language"),
            **kept(SEAL, "key_id"),
            **_history,
        },
        at="id",
    ),
    # -------------------------------------------------------------------------------------------------------- the case
    "escalations.Case": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: a change of the case, with its history row", "external_ref"),
            **kept(NAME, "reference"),
            **kept(WORD, "symptom", "status", "ladder", "source", "language", "root_cause"),
            **kept(SEAL, "calendar_digest", "chain_mac", "head_mac", "key_id"),
        },
        at="pk",
    ),
    "escalations.HistoricalCase": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: the chain attests the changed rows", "external_ref"),
            **kept(NAME, "reference"),
            **kept(WORD, "symptom", "status", "ladder", "source", "language", "root_cause"),
            **kept(SEAL, "calendar_digest"),
            **_history,
        },
        at="id",
    ),
    "escalations.CaseText": Table("case", {**blanked("summary", to=ERASED), **blanked("description")}, at="case"),
    "escalations.CaseFact": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: facts in free words are deleted", "value", "source"),
            **kept(WORD, "key", "state"),
        },
        at="case",
    ),
    "escalations.CaseDecision": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: facts in free words are left out", "facts"),
            **kept(WORD, "cause", "rule_key", "outcome"),
            **kept("which rule matched, as bytes", "trace", "trigger_trace"),
        },
        at="case",
    ),
    "escalations.Event": Table(
        "nothing",
        {
            **kept(WORD, "kind"),
            **kept(ACTOR, "actor_kind", "actor_id"),
            **kept("keys, ids, amounts and moments; words are in the payload", "data"),
            **kept(SEAL, "history_digest", "commitment", "prev", "mac", "key_id"),
        },
    ),
    "escalations.EventPayload": Table(
        "case", elsewhere("the row goes, salt and words together", "salt", "body"), at="event__case", gone=True
    ),
    "escalations.Message": Table(
        "case",
        {
            **blanked("subject", "in_reply_to"),
            **blanked("body", to=ERASED),
            "message_id": _own_id("<erased-", "@throughline.invalid>"),
            **kept(WORD, "direction", "means", "language"),
            **kept(ACTOR, "actor_kind", "actor_id"),
        },
        at="case",
    ),
    "escalations.Note": Table(
        "case", {**blanked("body", to=ERASED), **kept(ACTOR, "actor_kind", "actor_id")}, at="case"
    ),
    "escalations.Evidence": Table(
        "case",
        {
            **blanked("note"),
            **kept(WORD, "key", "needed_from", "state"),
            **kept("the item's name in the policy", "name"),
        },
        at="case",
    ),
    "escalations.CaseFile": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: through the encrypted field", "name"),
            **elsewhere("the bytes go with it, by services.files.storing", "storage_key", "thumbnail_key"),
            **blanked("removed_because"),
            **kept(WORD, "sniffed_type", "scan_state", "refused_because"),
            **elsewhere("erasing.erase_case: with the name, since its sender wrote it", "declared"),
            **kept(ACTOR, "actor_kind", "actor_id", "removed_by"),
            **kept("of bytes that are gone; the chain has it too", "sha256", "received_sha256"),
            **kept(SEAL, "key_id"),
        },
        at="case",
    ),
    "escalations.PartyLink": Table(
        "case",
        {**elsewhere("the row goes: its link opens nothing", "nonce", "digest"), **kept(SEAL, "key_id")},
        at="case",
        gone=True,
    ),
    "escalations.Pause": Table(
        "case",
        {
            **blanked("evidence", to=ERASED),
            **kept(WORD, "reason"),
            **kept(ACTOR, "actor_kind", "actor_id", "approved_by"),
        },
        at="clock__case",
    ),
    "escalations.Handoff": Table(
        "case",
        {
            **blanked("note", to=ERASED),
            **blanked("returned_because"),
            **blanked("brief", to={}),
            **kept(WORD, "state"),
            **kept(ACTOR, "actor_kind", "actor_id", "answered_by"),
        },
        at="case",
    ),
    "escalations.Escalation": Table(
        "case",
        {
            **blanked("reason", "outcome"),
            **kept(WORD, "type", "cause", "rung_key", "state"),
            **kept(ACTOR, "actor_kind", "actor_id"),
        },
        at="case",
    ),
    "escalations.Remedy": Table(
        "case",
        {
            **blanked("reason", to=ERASED),
            **kept(WORD, "kind", "currency", "state"),
            **kept(ACTOR, "actor_kind", "actor_id"),
        },
        at="case",
    ),
    "escalations.Approval": Table(
        "case", {**blanked("reason"), **kept(WORD, "state"), **kept(ACTOR, "decided_by")}, at="case"
    ),
    "escalations.CaseLink": Table("nothing", {**kept(WORD, "kind"), **kept(ACTOR, "actor_kind", "actor_id")}),
    "escalations.Clock": Table("nothing", kept(WORD, "kind", "tier", "name", "warn", "state")),
    "escalations.Timer": Table("nothing", kept(MACHINE, "moment_key", "occurrence_key")),
    "escalations.Ownership": Table("nothing", kept(WORD, "cause")),
    "escalations.Indicator": Table(
        "case",
        {
            **elsewhere("erasing.erase_case: through the encrypted field", "source", "body", "settled_because"),
            **kept(WORD, "type", "state"),
            **kept(SEAL, "key_id"),
            **kept(ACTOR, "actor_kind", "actor_id", "settled_by"),
        },
        at="case",
    ),
    # ------------------------------------------------------------------------------------------------- who may see it
    "escalations.CaseGrant": Table(
        "case",
        {**blanked("reason", to=ERASED), **blanked("review_words"), **kept(WORD, "review")},
        at="case",
    ),
    "escalations.ChannelMove": Table("case", {**blanked("reason", to=ERASED), **kept(WORD, "state")}, at="case"),
    "escalations.AccessHead": Table("nothing", kept(SEAL, "mac", "head_mac", "key_id")),
    "escalations.AccessEntry": Table(
        "nothing", {**kept(WORD, "kind"), **kept(MACHINE, "data"), **kept(SEAL, "prev", "mac", "key_id")}
    ),
    "escalations.AccessReview": Table("nothing", kept("an auditor's words about a colleague's look", "note")),
    "escalations.CaseExport": Table("nothing", kept("what a colleague took a file of cases for", "reason")),
    "escalations.AccessMark": Table("nothing", kept("sentences of the desk about an entry", "reasons")),
    "escalations.Anchor": Table("nothing", kept(SEAL, "body", "signature", "key_id")),
    "escalations.AnchorPart": Table("nothing", {**kept(WORD, "space"), **kept(SEAL, "heads")}),
    # ----------------------------------------------------------------------------------------------- told and imported
    "escalations.Outbox": Table("nothing", kept(MACHINE, "occurrence_key", "kind", "data")),
    "escalations.Delivery": Table(
        "case",
        {
            **blanked("error"),
            **kept("a token such as user:12 or party:7", "recipient"),
            **kept(WORD, "means", "state"),
            **kept(SEAL, "message_id", "bundle"),
        },
        at="outbox__case",
    ),
    "escalations.ImportRow": Table(
        "case",
        {
            **elsewhere(
                "erasing.erase_case: its lasting fingerprint stays, so that it is imported once", "external_id"
            ),
            **blanked("reason"),
            **blanked("data", to={}),
            **kept("the name of a log, given by who imports", "source"),
            **kept(WORD, "state"),
        },
        at="case",
    ),
    # ------------------------------------------------------------------------------------------ holds and the ledger
    "escalations.LegalHold": Table(
        "party", {**blanked("basis", to=ERASED), **blanked("lift_reason"), **kept(WORD, "state")}, at="party"
    ),
    "escalations.ErasureRequest": Table(
        "nothing",
        {
            **kept("refused when it names the person", "reason"),
            **kept(WORD, "state"),
            **kept("sentences of the desk, with references", "said"),
        },
    ),
    "escalations.Erasure": Table(
        "nothing",
        {
            **kept(WORD, "kind"),
            **kept(ACTOR, "asked_by"),
            **kept("refused when it names the person", "reason"),
            **kept("keyed fingerprints that only the chain's keys can match", "digests"),
            **kept("counts, references and pseudonyms", "certificate"),
            **kept(SEAL, "certificate_digest", "mac", "key_id"),
        },
    ),
    # ------------------------------------------------------------------------------------------------- libraries' rows
    "admin.LogEntry": Table(
        "elsewhere",
        {
            **elsewhere("erasing: entries about rows that were reached", "object_repr", "change_message"),
            **kept("the number of a row", "object_id"),
        },
    ),
    "sessions.Session": Table(
        "elsewhere",
        {
            **elsewhere("residue: nothing but who is signed in stays", "session_data"),
            **kept("random", "session_key"),
        },
    ),
    **{
        name: Table(
            "elsewhere",
            {
                **elsewhere("residue: finished and waiting tasks are deleted", "args", "kwargs", "result"),
                **kept(DECLARED, "func", "hook", "group", "cluster"),
                **kept("random", "id", "name"),
            },
        )
        for name in ("django_q.Task", "django_q.Success", "django_q.Failure")
    },
    "django_q.OrmQ": Table(
        "elsewhere", {**elsewhere("residue: waiting tasks are deleted", "payload"), **kept(DECLARED, "key")}
    ),
    "django_q.Schedule": Table(
        "nothing",
        kept(
            DECLARED,
            *("name", "func", "hook", "args", "kwargs", "schedule_type", "cron", "task", "cluster"),
            "intended_date_kwarg",
        ),
    ),
    "auth.Permission": Table("nothing", kept(DECLARED, "name", "codename")),
    "auth.Group": Table("nothing", kept(DESK, "name")),
    "contenttypes.ContentType": Table("nothing", kept(DECLARED, "app_label", "model")),
    "guardian.UserObjectPermission": Table("nothing", kept("the number of a row", "object_pk")),
    "guardian.GroupObjectPermission": Table("nothing", kept("the number of a row", "object_pk")),
    # ------------------------------------------------------------------------------------- the desk's people and law
    "escalations.User": Table(
        "nothing",
        kept(DESK, "password", "username", "first_name", "last_name", "email", "timezone", "language"),
    ),
    # How staff sign in: parties have no account. Secrets of second factors lie encrypted.
    "account.EmailAddress": Table("nothing", kept(DESK, "email")),
    "account.EmailConfirmation": Table("nothing", kept("random; the table stays empty", "key")),
    "mfa.Authenticator": Table("nothing", kept(DESK, "type", "data")),
    "socialaccount.SocialAccount": Table("nothing", kept(DESK, "provider", "uid", "extra_data")),
    "socialaccount.SocialApp": Table(
        "nothing",
        kept(
            "the table stays empty: the provider is named in the environment",
            "provider",
            "provider_id",
            "name",
            "client_id",
            "secret",
            "key",
            "settings",
        ),
    ),
    "socialaccount.SocialToken": Table("nothing", kept("the table stays empty", "token", "token_secret")),
    "escalations.Membership": Table("nothing", kept(DESK, "languages")),
    "escalations.Absence": Table("nothing", kept(DESK, "note")),
    "escalations.ChannelRequest": Table("nothing", kept(DESK, "part", "reason", "state")),
    "escalations.Heartbeat": Table("nothing", kept(MACHINE, "name", "detail")),
    "escalations.PolicyVersion": Table(
        "nothing",
        kept(
            DESK,
            *("title", "policy_digest", "edition_digest", "part_digests", "pages", "document", "reason"),
            *("reference", "approval_kind", "approved_by"),
        ),
    ),
    "escalations.PolicyText": Table("nothing", kept(DESK, "digest", "body")),
    "escalations.CalendarSnapshot": Table("nothing", kept(DESK, "digest", "body")),
    "escalations.Level": Table("nothing", _registry),
    "escalations.Specialism": Table("nothing", _registry),
    "escalations.Role": Table("nothing", _registry),
    "escalations.Channel": Table("nothing", _registry),
    "escalations.Region": Table("nothing", {**_registry, **kept(DESK, "path", "timezone")}),
    "escalations.Team": Table("nothing", {**_registry, **kept(DESK, "purpose", "calendar_key", "timezone")}),
    "escalations.Category": Table("nothing", {**_registry, **kept(DESK, "side")}),
    "playbook.Edition": Table(
        "nothing",
        kept(
            DESK,
            *("title", "state", "origin", "source", "source_digest", "document", "policy_digest", "edition_digest"),
            *("part_digests", "pages", "successors", "warnings", "notes", "effective_zone", "withdrawn_reason"),
        ),
    ),
    "playbook.Entry": Table("nothing", kept(DESK, "part", "section", "key", "body", "before", "rationale")),
    "playbook.PageReading": Table("nothing", kept(WORD, "page")),
    "playbook.Enrolment": Table("nothing", kept(WORD, "team", "region")),
    "playbook.Studied": Table("nothing", kept(WORD, "page")),
    "playbook.DrillCard": Table("nothing", kept(WORD, "topic")),
    "playbook.DrillAnswer": Table("nothing", kept(WORD, "topic", "level", "answers", "right")),
    "playbook.HistoricalEntry": Table(
        "nothing", {**kept(DESK, "part", "section", "key", "body", "rationale"), **_history}
    ),
    # Articles are the desk's own words on how to help: a text about a person is not reviewed into one.
    "playbook.Article": Table(
        "nothing", kept(DESK, "key", "language", "audience", "device", "visibility", "retired_reason")
    ),
    "playbook.HistoricalArticle": Table(
        "nothing",
        {**kept(DESK, "key", "language", "audience", "device", "visibility", "retired_reason"), **_history},
    ),
    "playbook.ArticleCategory": Table("nothing", kept(WORD, "category")),
    "playbook.Revision": Table("nothing", kept(DESK, "title", "body", "state", "reason", "review")),
    "playbook.ArticleText": Table("nothing", kept(DESK, "language", "title", "words")),
    "playbook.Feedback": Table("nothing", kept(DESK, "words")),
    # Precedents are checked against everything that their case holds of people before they are kept; and whoever finds
    # that one tells something all the same takes it out for good.
    "playbook.Precedent": Table(
        "nothing",
        {
            **kept(WORD, "visibility", "category", "region", "level", "root_cause", "remedies", "facts", "language"),
            **kept(WORD, "state"),
            **kept("checked to name nobody", "title", "situation", "decision", "reasoning", "outcome"),
            **kept("checked to name nobody", "ended_because"),
        },
    ),
    "governance.Proposal": Table(
        "nothing",
        kept(
            DESK,
            *("edition_digest", "source_digest", "title", "reason", "warnings", "warnings_reason", "content", "lane"),
            *("state", "effective_zone"),
        ),
    ),
    "governance.Step": Table("nothing", kept(DESK, "kind", "reason", "edition_digest")),
    "governance.Publication": Table(
        "nothing", kept(DESK, "kind", "reference", "edition_digest", "approved_by", "reason", "steps")
    ),
}
