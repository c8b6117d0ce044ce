"""What every answer of the desk carries, whatever gave it; and that none leads away from the desk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import NoReverseMatch, path, reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from config import urls
from escalations.models import Case, User
from tests.leaks.walking import patterns

EVERY = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def _breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("needle-in-an-error")


urlpatterns = [path("breaks/", _breaks, name="breaks"), *urls.urlpatterns]


def filled(name: str, arguments: tuple[str, ...]) -> str | None:
    """An address of a pattern, with arguments of which nothing exists."""
    for values in (["1"] * len(arguments), ["escalations"] * len(arguments), [1, "take"], [1, 1]):
        if len(values) == len(arguments):
            try:
                return reverse(name, args=values)
            except NoReverseMatch:
                continue
    return None


PATHS = {name: filled(name, arguments) for name, _, arguments in patterns() if name}
OTHERS = {
    "no page": "/nowhere/", "no page of the admin": "/admin/nowhere/", "static": "/static/desk/desk.css",
    "no static": "/static/nothing.css", "no slash": "/admin", "favicon": "/favicon.ico", "an error": "/breaks/",
}  # fmt: skip


def lacking(answer: Any, **other: str) -> list[str]:
    wanted = EVERY | {name.replace("_", "-"): part for name, part in other.items()}
    return [f"{name}: {answer.get(name)!r}" for name, part in wanted.items() if part not in answer.get(name, "")]


@pytest.fixture
def root(db: None) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root", "root@example.test", "x" * 20))
    return client


def test_every_pattern_has_an_address_here() -> None:
    assert [name for name, address in PATHS.items() if address is None] == []
    assert len(PATHS) > 100


@override_settings(ROOT_URLCONF=__name__)
def test_every_answer_carries_the_headers(root: Client) -> None:
    missing: dict[str, Any] = {}
    seen: set[int] = set()
    for client in (root, Client(raise_request_exception=False)):
        for name, address in {**PATHS, **OTHERS}.items():
            if name == "admin:logout":
                continue
            for answer in (client.get(address), client.put(address)):
                seen.add(answer.status_code)
                # A page whose address is a secret tells it to no site at all.
                secret = name.startswith("escalations:status") and answer.status_code != 405
                if wrong := lacking(answer, **({"Referrer_Policy": "no-referrer"} if secret else {})):
                    missing[f"{name} {answer.status_code}"] = wrong
                if name in ("static", "no static"):
                    continue
                if "no-store" not in answer.get("Cache-Control", "") and "jsi18n" not in name:
                    missing[f"{name} {answer.status_code} cache"] = answer.get("Cache-Control")
    assert missing == {}
    assert seen >= {200, 301, 302, 403, 404, 405, 500}


def test_answers_that_no_view_gave_carry_them_too(client: Client, settings: Any) -> None:
    answer = client.get("/healthz", headers={"Host": "evil.example"})
    assert (answer.status_code, lacking(answer)) == (400, [])
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/admin/")
    assert (answer.status_code, answer["Location"], lacking(answer)) == (301, "https://testserver/admin/", [])


def test_static_files_stay_in_caches(client: Client) -> None:
    assert "no-store" not in client.get(OTHERS["static"])["Cache-Control"]


# ---------------------------------------------------------------------------------------------------- where they lead


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example:80"]
)
def test_a_host_that_is_not_ours_gets_a_page_in_words_and_is_not_repeated(client: Client, host: str) -> None:
    answer = client.get("/admin/login/", headers={"Host": host})
    assert answer.status_code == 400
    assert "Open the desk by its usual address" in answer.content.decode()
    assert "evil" not in answer.content.decode() + str(answer.headers)


def test_what_a_proxy_is_said_to_have_said_is_not_believed(root: Client) -> None:
    hostile = {
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-Host": "evil.example",
        "Forwarded": "host=evil.example", "X-Forwarded-Proto": "gopher", "Referer": "https://evil.example/",
        "X-Original-URL": "/evil.example", "X-Rewrite-URL": "/evil.example",
    }  # fmt: skip
    for address in ("/", "/admin", "/admin/", "/admin/escalations/case/", "/i18n/setlang/"):
        answer = root.get(address, headers=hostile)
        assert "evil" not in answer.content.decode() + str(answer.headers), address


ROOT = Path(__file__).resolve().parents[2]
VISITORS_WORD = re.compile(r"build_absolute_uri|get_host\(|HTTP_HOST|HTTP_REFERER|get_current_site|Forwarded-Host")


def test_no_address_is_made_of_what_a_visitor_says_the_host_is() -> None:
    """Links in messages come of THROUGHLINE_BASE_URL, redirects are relative: nothing else is used."""
    sources = [
        file for app in ("config", "escalations", "playbook", "governance") for file in (ROOT / app).rglob("*.py")
    ]
    sources += (ROOT / "templates").rglob("*.html")
    assert len(sources) > 200
    assert [str(file) for file in sources if VISITORS_WORD.search(file.read_text())] == []


EVIL = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example", "javascript:alert(1)", "data:text/html,x", "\thttps://evil.example", " //evil.example",
    "/%09/evil.example", "https://testserver@evil.example", "https://testserver.evil.example", "//evil.example/%2e%2e",
    "https://evil\uff0eexample/", "/\n/evil.example", "\x00//evil.example", "ftp://testserver/",
    "http://[::1]evil.example",
]  # fmt: skip
NAMES = ("next", "back", "_changelist_filters", "_popup", "_to_field", "url", "return", "redirect_to", "show", "done")


def leads_away(answer: Any) -> bool:
    where = answer.get("Location", "")
    parts = urlsplit(where.replace("\\", "/").strip())
    if parts.netloc and not unquote(parts.netloc).strip():
        return False  # a host of blanks: no browser asks it
    return bool(
        where
        and (
            parts.netloc not in ("", "testserver")
            or parts.scheme not in ("", "http")
            or (
                parts.netloc != "testserver"
                and where.replace("\\", "/").lstrip().lstrip("/")[:1] not in ("", "?", "#")
                and where.replace("\\", "/").lstrip().startswith("//")
            )
            or where != where.strip()
        )
    )


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_is_asked_leads_away(root: Client, evil: str) -> None:
    assert not leads_away(
        root.post("/i18n/setlang/", {"language": "de", "next": evil}, headers={"Referer": evil.strip()})
    )
    said = {"username": "root", "password": "x" * 20, "next": evil}
    assert not leads_away(Client().post(f"/admin/login/?{urlencode({'next': evil})}", said))
    assert not leads_away(root.get(f"/admin/login/?{urlencode({'next': evil})}"))
    assert not leads_away(root.get(f"/admin/{evil.strip()}"))


def test_no_view_takes_an_address_from_what_it_is_asked(root: Client) -> None:
    """Every pattern, with every name by which addresses are usually given: also views that are added later."""
    away = []
    for name, address in PATHS.items():
        if name == "admin:logout":
            continue
        hostile = dict.fromkeys(NAMES, "//evil.example/x")
        for answer in (root.get(address, hostile), root.post(f"{address}?{urlencode(hostile)}", hostile)):
            if leads_away(answer):
                away.append(f"{name}: {answer['Location']}")
    assert away == []


@how(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "/",
                "\\",
                "//",
                "evil.example",
                ":",
                "http",
                "https:",
                "@",
                "testserver",
                "%2f",
                "\t",
                "\n",
                "?",
                "#",
                "\u2028",
            ]
        ),
        max_size=7,
    ).map("".join)
)
def test_changing_the_language_never_leads_away(client: Client, where: str) -> None:
    assert not leads_away(client.post("/i18n/setlang/", {"language": "de", "next": where}))


# ----------------------------------------------------------------------------------------------- pages of errors


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(("address", "status", "words"), [
    ("/nowhere/", 404, "nothing at this address"), ("/breaks/", 500, "wrong on our side"),
    ("/admin/r/1/1/", 404, "nothing at this address"), ("/admin/escalations/membership/add/?x=1", 200, ""),
])  # fmt: skip
def test_errors_are_told_in_words_and_without_data(root: Client, address: str, status: int, words: str) -> None:
    answer = root.get(address)
    said = answer.content.decode()
    assert (answer.status_code, words in said) == (status, True)
    if status != 200:
        assert "desk/error.css" in said
        assert not any(word in said for word in ("needle", "Traceback", "RuntimeError", "tried", "Django", "urlconf"))


def test_a_form_without_its_token_is_told_in_words(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "secret-name"})
    said = answer.content.decode()
    assert answer.status_code == 403
    assert "The form was not sent" in said
    assert "secret-name" not in said


def test_the_page_of_an_error_needs_no_database(root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("could not connect: password=needle")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", away)
        for address in ("/admin/", "/admin/escalations/case/"):
            answer = root.get(address)
            assert answer.status_code == 500
            assert "wrong on our side" in answer.content.decode()
            assert "needle" not in answer.content.decode()
        assert Client().get("/healthz").status_code == 200


# --------------------------------------------------------------------------------------- whether something exists


def test_a_row_that_is_not_there_is_answered_like_one_that_is_not_for_you(root: Client) -> None:
    """By somebody without any permission: no page of the admin tells whether a row exists."""
    from django.contrib.contenttypes.models import ContentType

    somebody = User.objects.create_user("nobody", "n@example.test", "x" * 20, is_staff=True)
    client = Client()
    client.force_login(somebody)
    group = Group.objects.create(name="g")
    there = {User: User.objects.get(username="root").pk, Group: group.pk}
    for model, pk in there.items():
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        for page in ("change", "history", "delete"):
            answers = [client.get(reverse(base + page, args=[value])) for value in (pk, 987654)]
            assert answers[0].status_code == answers[1].status_code, (model, page)
    kind = ContentType.objects.get_for_model(Case)
    assert client.get(f"/admin/r/{kind.pk}/1/").status_code == 404
    assert client.get(f"/admin/r/{kind.pk}/987654/").status_code == 404
    assert Client().get(f"/admin/r/{kind.pk}/1/").status_code == 404
