"""A party follows their case by a link: what the page says, what it keeps back, what they add, and when it is over."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from config.reporting import without_tokens
from escalations import keys
from escalations.core.actor import Actor
from escalations.core.words import following as words
from escalations.errors import Invalid, NotAllowed, Refused
from escalations.models import Case, Channel, Clock, Event, Evidence, Message, Party, PartyLink
from escalations.models.case import FOLLOWED_AFTER_CLOSING
from escalations.selectors import following
from escalations.services import closing, delivery, links, pauses, replies
from escalations.services.privacy import erasing
from tests.core.policies import market_document
from tests.databases import Database
from tests.escalations.at_once import at_once, desk_on
from tests.factories.desk import NOW, Desk, broken, desk, kinds

__all__ = ["desk"]

DAY = dt.timedelta(days=1)
LINK = re.compile(r"https://desk\.example\.test(/status/[A-Za-z0-9_-]{43}/)")


@pytest.fixture(autouse=True)
def _at_work() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def case(desk: Desk) -> Case:
    return desk.held_by("mia")


def link_of(case: Case, now: dt.datetime = NOW) -> str:
    """The path of the case's page."""
    url = links.link_for(case=case, party_id=case.party_id, now=now)
    assert not url or url.startswith("https://desk.example.test/status/"), "the host is the desk's own setting"
    return urlsplit(url).path


def said(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def once_of(answer: Any) -> str:
    found = re.search(r'name="once" value="([^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


# ------------------------------------------------------------------------------------------------------- the letters


def test_letters_carry_the_link_and_the_desk_keeps_no_token(desk: Desk, case: Case, client: Client) -> None:
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Wir sehen nach.")
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    letters = [str(letter.message()) for letter in mail.outbox if letter.to == ["jane@example.org"]]
    found = {path for letter in mail.outbox if letter.to == ["jane@example.org"] for path in LINK.findall(letter.body)}
    assert (len(letters), len(found)) == (2, 1), "both letters lead to the same page"
    assert not [letter for letter in mail.outbox if letter.to != ["jane@example.org"] and "/status/" in letter.body]
    assert "Nachsehen, wie es steht" in mail.outbox[-1].body + mail.outbox[0].body
    (path,) = found
    assert client.get(path).status_code == 200
    token = path.split("/")[2]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            assert token not in str(cursor.fetchall()), table


def test_a_template_may_say_where_the_link_stands(desk: Desk) -> None:
    document = market_document()
    document["central"]["messages"] = {
        "acknowledgement": {"de": {"subject": "Da", "body": "Guten Tag.\n\nHier steht es: {status_url} immer."}}
    }
    desk.install(document, now=NOW - DAY)
    desk.open()
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    (letter,) = [letter for letter in mail.outbox if letter.to == ["jane@example.org"]]
    assert re.search(r"Hier steht es: https://desk\.example\.test/status/[\w-]{43}/ immer", letter.body)


def test_a_link_is_kept_while_it_is_good_for_long_and_its_key_is_there(case: Case, settings: Any) -> None:
    first = link_of(case)
    assert link_of(case, NOW + links.GOOD_FOR - links.AT_LEAST - DAY) == first
    assert link_of(case, NOW + links.GOOD_FOR - links.AT_LEAST) != first
    settings.THROUGHLINE_KEYS = {**settings.THROUGHLINE_KEYS, "token": [("token-9", b"9" * 32)]}
    assert link_of(case) != first
    assert following.find(first.split("/")[2], now=NOW) is None, "without its key a link opens nothing"


# ---------------------------------------------------------------------------------------------------------- the page


def test_the_page_says_who_by_when_what_is_needed_and_what_was_said(desk: Desk, case: Case, client: Client) -> None:
    replies.respond(
        case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Please send a photo.", promise_due=NOW + 2 * DAY
    )
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, body="It is on its way <b>now</b>.")
    replies.note(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Needle of a note")
    Evidence.objects.create(case=case, key="extra", name="A photo of the box", needed_from="party", at=NOW)
    Evidence.objects.create(case=case, key="inner", name="Carrier trace", needed_from="desk", at=NOW)
    answer = client.get(link_of(case), {"lang": "en"})
    text = said(answer)
    assert answer.status_code == 200
    for part in (
        f"Your matter {case.reference}", case.category.name, f"Mia ({case.team.name}) is working on it.",
        "You hear from us by Wednesday 25 November 2026, 10:00 (Berlin time)", "A photo of the box",
        "Please send a photo.", "It is on its way &lt;b&gt;now&lt;/b&gt;.", "Times are those of Berlin.",
    ):  # fmt: skip
        assert part in text, part
    for other in ("Needle", "Carrier trace", "vase", "Jane", "jane@", "L1", case.channel.name):
        assert other not in text, other


@pytest.mark.parametrize(
    ("language", "party", "browser", "expected"),
    [
        ("", "de", "es", "Ihr Anliegen"), ("es", "de", "", "Su asunto"), ("", "fr", "", "Your matter"),
        ("", "es-MX", "", "Su asunto"), ("xx", "de-AT", "en", "Ihr Anliegen"),
    ],
)  # fmt: skip
def test_the_page_speaks_the_partys_language_or_the_chosen_one(
    case: Case, client: Client, language: str, party: str, browser: str, expected: str
) -> None:
    Party.objects.filter(pk=case.party_id).update(language=party)
    Clock.objects.filter(case=case, kind="first_response").update(promised_at=NOW + DAY)
    answer = client.get(link_of(case), {"lang": language} if language else {}, headers={"Accept-Language": browser})
    code = words.language_of(language, party)
    assert expected in said(answer)
    assert f'<html lang="{code}">' in answer.content.decode()
    assert {"en": "Tuesday 24 November", "de": "Dienstag, 24. November 2026, 10:00 Uhr (Ortszeit Berlin)",
            "es": "martes 24 de noviembre de 2026, 10:00 (hora de Berlin)"}[code] in said(answer)  # fmt: skip
    assert answer.cookies.output() == ""


def test_every_language_has_the_same_words_with_the_same_places() -> None:
    places = {
        code: {key: set(re.findall(r"\{\w+\}", text)) for key, text in table.items()}
        for code, table in words.WORDS.items()
    }
    assert set(places) == set(words.LANGUAGES)
    assert all(table == places["en"] for table in places.values())
    assert all(text.strip() for table in words.WORDS.values() for text in table.values())


def test_late_and_waiting_are_said_as_they_are(desk: Desk, case: Case, client: Client) -> None:
    Clock.objects.filter(case=case, kind="first_response").update(promised_at=NOW - DAY)
    assert "We are late, and we are sorry." in said(client.get(link_of(case), {"lang": "en"}))
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Which parcel?")
    pauses.pause(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="buyer", evidence="asked which parcel")
    text = said(client.get(link_of(case), {"lang": "en"}))
    assert "We are waiting for your answer" in text
    assert "asked which parcel" not in text
    assert "We are late" not in text


def test_of_a_sensitive_case_nothing_but_that_it_is_here_and_when_we_write(
    desk: Desk, case: Case, client: Client
) -> None:
    replies.promise_party(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Needle of an answer", due=NOW + DAY)
    Clock.objects.filter(case=case, kind="first_response").update(promised_at=None)
    Evidence.objects.create(case=case, key="extra", name="Needle of evidence", needed_from="party", at=NOW)
    Case.objects.filter(pk=case.pk).update(channel=Channel.objects.get(key="fraud"))
    for query in ({"lang": "en"}, {"lang": "en", "sent": "1"}):
        text = said(client.get(link_of(case), query))
        assert "We have your matter." in text
        assert "You hear from us by Tuesday 24 November 2026, 10:00 (Berlin time)" in text
        for other in ("Needle", "Mia", case.team.name, case.category.name, "Fraud", "specialist", "What was said"):
            assert other not in text, other
    answer = client.post(link_of(case), {"message": "Needle of mine", "once": "a"}, follow=True)
    assert Message.objects.filter(case=case, direction="in").count() == 1
    assert "Needle" not in said(answer)


# ---------------------------------------------------------------------------------------------------- what they add


def test_what_the_party_adds_comes_in_by_the_one_door(desk: Desk, case: Case) -> None:
    strict = Client(enforce_csrf_checks=True)  # no cookie says who they are, so there is none to abuse
    path = link_of(case)
    once = once_of(strict.get(path))
    before = Event.objects.filter(case=case).count()
    for _ in range(2):  # a double click, or "back" and again
        answer = strict.post(f"{path}?lang=es", {"message": "  The box was wet.\r\n", "once": once})
        assert (answer.status_code, answer["Location"]) == (302, f"{path}?lang=es&sent=1#sent")
    (message,) = Message.objects.filter(case=case, direction="in")
    assert (message.body, message.means, message.actor_kind, message.actor_id) == (
        "The box was wet.", "form", "party", str(case.party_id),
    )  # fmt: skip
    (event,) = Event.objects.filter(case=case)[before:]
    assert (event.kind, event.actor_kind, event.actor_id) == ("message.received", "party", str(case.party_id))
    assert broken(case) is None
    shown = strict.get(answer["Location"])
    assert "Gracias. Su mensaje ha llegado." in said(shown)
    assert "The box was wet." in said(shown)
    again = strict.post(path, {"message": "The box was wet.", "once": once_of(shown)})
    assert again.status_code == 302
    assert Message.objects.filter(case=case, direction="in").count() == 2, "meant, it is said twice"


@pytest.mark.postgres
def test_a_form_sent_by_two_at_once_is_one_message(postgres_database: Database) -> None:
    with desk_on(postgres_database) as desk:
        case = desk.held_by("mia")
        link_of(case)
        link = PartyLink.objects.get(case=case)
        send = {"link": link, "now": NOW, "body": "Twice", "once": "the same form"}
        assert at_once(*[lambda: links.add_message(**send)] * 3) == {"done": 3}
        assert Message.objects.filter(case=case).count() == 1
        assert kinds(case).count("message.received") == 1
        assert broken(case) is None


@pytest.mark.parametrize(("typed", "words_"), [("", "Write something first."), (" \n", "Write something first."),
                                               ("x" * 50_001, "At most 50000 characters")])  # fmt: skip
def test_what_cannot_be_taken_is_said_and_nothing_typed_is_lost(
    case: Case, client: Client, typed: str, words_: str
) -> None:
    answer = client.post(f"{link_of(case)}?lang=en", {"message": typed, "once": "a"})
    assert answer.status_code == 422
    assert words_ in said(answer)
    assert 'aria-invalid="true"' in answer.content.decode()
    assert typed.strip() in answer.content.decode()
    assert not Message.objects.filter(case=case, direction="in").exists()


def test_the_page_costs_a_few_queries_however_much_was_said(desk: Desk, case: Case, client: Client) -> None:
    for number in range(60):
        replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, body=f"Word {number} of many")
    path = link_of(case)
    client.get(path)  # whatever is cached is cached
    with CaptureQueriesContext(connection) as seen:
        text = said(client.get(path, {"lang": "en"}))
    assert len(seen) <= 11, "\n".join(query["sql"] for query in seen)
    assert "Word 59" in text
    assert "Word 9 of" not in text
    assert "Earlier messages that are not shown here: 10." in text


def test_a_look_changes_nothing(case: Case, client: Client) -> None:
    path = link_of(case)
    with CaptureQueriesContext(connection) as seen:
        client.head(path)
        client.get(path, {"message": "x", "once": "y"})
    assert [query["sql"] for query in seen if not query["sql"].lstrip().upper().startswith("SELECT")] == []
    assert client.put(path).status_code == 405


def test_somebody_who_writes_too_often_is_asked_to_wait(case: Case, client: Client) -> None:
    path = link_of(case)
    codes = [client.post(path, {"message": f"m{n}", "once": str(n)}).status_code for n in range(11)]
    assert codes == [302] * 10 + [429]
    answer = client.post(f"{path}?lang=en", {"message": "my long text", "once": "z"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "600")
    assert "my long text" in answer.content.decode()
    assert client.get(path).status_code == 200
    cache.clear()
    codes = [client.get("/status/guessed/").status_code for _ in range(121)]
    assert codes == [404] * 120 + [429]


# ------------------------------------------------------------------------------------------- what opens nothing


def test_every_link_that_opens_nothing_is_answered_alike(desk: Desk, case: Case, client: Client) -> None:
    path = link_of(case)
    late, gone = link_of(desk.open(summary="Late")), link_of(desk.open(summary="Gone"))
    PartyLink.objects.filter(digest=_digest(late)).update(expires_at=NOW)
    PartyLink.objects.filter(digest=_digest(gone)).update(revoked_at=NOW)
    token = path.split("/")[2]
    answers = {}
    for name, asked in {
        "over": late, "taken back": gone, "unknown": f"/status/{'x' * 43}/", "short": f"/status/{token[:-1]}/",
        "more": f"/status/{token}/more/", "none": "/status/", "bare": "/status", "odd": "/status/%F0%9F%91%8B/",
    }.items():  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(asked, {"lang": "en"})
        headers = {key: value for key, value in answer.headers.items() if key != "Content-Length"}
        answers[name] = (answer.status_code, answer.content, headers, [re.sub("'[^']*'", "?", q["sql"]) for q in seen])
        with CaptureQueriesContext(connection) as seen:
            posted = client.post(f"{asked}?lang=en", {"message": "x"})
        assert (posted.status_code, posted.content) == (404, answer.content)
    assert [name for name, one in answers.items() if one != answers["over"]] == []
    assert answers["over"][0] == 404
    assert "desk@" in str(answers["over"][1])
    assert len(answers["over"][3]) == 1
    assert client.get(path.rstrip("/")).status_code == 200, "a mail program may cut the last stroke off"


def _digest(path: str) -> str:
    return keys.link_digests(path.split("/")[2])[0]


@how(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
        st.text("abcXYZ019-_", min_size=43, max_size=43),
        st.sampled_from(["..", "%2e%2e/admin", "a" * 5000, "\u202e", "a/b", "?lang=de", "//x", "\n", "'\"><script>"]),
    ),
    post=st.booleans(),
    lang=st.sampled_from(["", "en", "de", "es", "fr", "\u202e", "'"]),
)
def test_no_token_breaks_the_page(case: Case, client: Client, token: str, post: bool, lang: str) -> None:
    cache.clear()
    link_of(case)
    where = f"/status/{quote(token, safe='')}/?lang={quote(lang)}"
    answer = client.post(where, {"message": token, "once": token}) if post else client.get(where)
    assert answer.status_code == 404
    assert answer["Referrer-Policy"] == "no-referrer"


def test_the_answers_are_kept_from_caches_searches_frames_and_other_sites(case: Case, client: Client) -> None:
    for path in (link_of(case), "/status/unknown/"):
        answer = client.get(path, headers={"Host": "testserver"})
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cache-Control"] == "no-store"
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script" not in answer.content.decode()
        assert answer.cookies.output() == ""


def test_logs_hold_no_token(case: Case, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    path = link_of(case)
    with caplog.at_level(logging.DEBUG):
        client.put(path)
    assert "/status/…/" in caplog.text
    assert path.split("/")[2] not in caplog.text
    assert without_tokens(f'"GET {path}?lang=de HTTP/1.1"') == '"GET /status/…/?lang=de HTTP/1.1"'


# ----------------------------------------------------------------------------------------- taken back, closed, erased


def test_the_desk_ends_links_on_record_and_the_next_letter_has_another(desk: Desk, case: Case, client: Client) -> None:
    path = link_of(case)
    with pytest.raises(NotAllowed):
        links.withdraw(case_id=case.pk, actor=desk.by("jon"), now=NOW, reason="Not mine to do")
    with pytest.raises(Invalid):
        links.withdraw(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason=" ")
    with pytest.raises(Invalid, match="at most 300"):
        links.withdraw(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="x" * 301)
    assert links.withdraw(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="Sent to a wrong address") == 1
    assert client.get(path).status_code == 404
    assert Event.objects.filter(case=case).latest("seq").kind == "links.withdrawn"
    with pytest.raises(Refused, match="No link"):
        links.withdraw(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="Once more")
    assert client.get(link_of(case)).status_code == 200
    assert broken(case) is None


def test_the_case_page_offers_to_end_them(desk: Desk, case: Case, client: Client) -> None:
    client.force_login(desk.user("mia"))
    where = f"/admin/escalations/case/{case.pk}/act/withdraw-links/"
    link_of(case)
    answer = client.get(where)
    assert "Whoever has a link to this case sees nothing from now on" in answer.content.decode()
    case.refresh_from_db()
    client.post(where, {"version": case.version, "reason": "Sent to a wrong address"})
    assert not PartyLink.objects.in_force(NOW).exists()


def test_a_closed_case_can_be_followed_for_a_while(desk: Desk, case: Case, client: Client) -> None:
    path = link_of(case)
    Case.objects.filter(pk=case.pk).update(status="closed", is_open=False, closed_at=NOW)
    assert "This matter is closed." in said(client.get(path, {"lang": "en"}))
    with time_machine.travel(NOW + FOLLOWED_AFTER_CLOSING, tick=False):
        assert client.get(path).status_code == 404
        assert link_of(case, NOW + FOLLOWED_AFTER_CLOSING) == ""


def test_erasing_takes_the_links_away(desk: Desk, case: Case, client: Client) -> None:
    path = link_of(case)
    Case.objects.filter(party=case.party_id).update(status="closed", is_open=False, closed_at=NOW)
    erasing.erase_party(party_id=case.party_id, reason="Asked for it", actor=desk.by("ana"), now=NOW)
    assert not PartyLink.objects.exists()
    assert client.get(path).status_code == 404
    assert link_of(Case.objects.get(pk=case.pk)) == ""


# ------------------------------------------------------------------------------------------------------------- merges


def test_a_merged_case_leads_to_the_one_that_lives_on(desk: Desk, case: Case, client: Client) -> None:
    second = desk.held_by("mia", summary="The same vase")
    path = link_of(second)
    replies.respond(case_id=second.pk, actor=desk.by("mia"), now=NOW, body="Said in the second.")
    closing.merge(case_id=second.pk, actor=desk.by("mia"), now=NOW, into_id=case.pk, reason="Twice")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Said in the first.")
    text = said(client.get(path, {"lang": "en"}))
    for part in (f"Your matter {second.reference}", f"together with your matter {case.reference}", "is working on it",
                 "Said in the first.", "Said in the second."):  # fmt: skip
        assert part in text, part
    client.post(path, {"message": "Thank you both", "once": "1"})
    assert Message.objects.get(direction="in").case_id == case.pk
    assert links.withdraw(case_id=case.pk, actor=desk.by("mia"), now=NOW, reason="Wrong hands") == 1
    assert client.get(path).status_code == 404


def test_nobody_reads_another_partys_words_after_a_merge(desk: Desk, case: Case, client: Client) -> None:
    john = {"kind": "buyer", "name": "John Doe", "email": "john@example.org", "external_id": "B-18"}
    other = desk.held_by("mia", party=john)
    shop = Actor.integration("shop")
    replies.receive(case_id=case.pk, actor=shop, now=NOW, body="Janes words by the shop")
    replies.receive(case_id=other.pk, actor=Actor.party(other.party_id), now=NOW, body="Johns words before")
    closing.merge(case_id=other.pk, actor=desk.by("mia"), now=NOW, into_id=case.pk, reason="The same lot")
    replies.receive(case_id=other.pk, actor=Actor.party(other.party_id), now=NOW, body="Johns words after")
    replies.receive(case_id=other.pk, actor=shop, now=NOW, body="Words of one of them, by the shop")
    replies.receive(case_id=case.pk, actor=Actor.party(case.party_id), now=NOW, body="Janes words after")
    replies.respond(case_id=case.pk, actor=desk.by("mia"), now=NOW, body="Answer to Jane", promise_due=NOW + DAY)
    johns, janes = (said(client.get(link_of(row), {"lang": "en"})) for row in (Case.objects.get(pk=other.pk), case))
    assert "Johns words before" in johns
    assert "Johns words after" in johns
    assert "Others have reported the same." in johns
    for foreign in ("Jane", "by the shop", "24 November", case.reference):
        assert foreign not in johns, foreign
    for own in ("Janes words after", "Answer to Jane"):
        assert own in janes, own
    for foreign in ("John", "by the shop", other.reference):
        assert foreign not in janes, foreign
