"""Safe by default: an installation that forgot something does not start, one that did not is safe."""

from __future__ import annotations

import os
import stat
import string
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.keys import KeyProblem, load, load_anchor, make_files, new_key, parse_keys, public_half

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def good() -> dict[str, str]:
    """The least that an installation must be told."""
    return {
        "SECRET_KEY": string.ascii_letters,
        "THROUGHLINE_CHAIN_KEYS": new_key("c1"),
        "THROUGHLINE_FIELD_KEYS": new_key("f1"),
        "THROUGHLINE_TOKEN_KEYS": new_key("t1"),
        "ALLOWED_HOSTS": "desk.example.test",
        "THROUGHLINE_BASE_URL": "https://desk.example.test",
        "DATABASE_URL": "sqlite:////nonexistent/desk.sqlite3",
    }


def python(code: str, environment: dict[str, str], *, settings: str = "prod") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": f"config.settings.{settings}", **environment},
        text=True,
        capture_output=True,
    )


READ = "from django.conf import settings; print(({expression}))"


def setting(expression: str, environment: dict[str, str], **options: str) -> str:
    result = python(READ.format(expression=expression), environment, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("name", sorted(good()))
def test_an_installation_without_it_does_not_start_and_says_so(name: str) -> None:
    environment = good()
    del environment[name]
    result = python(READ.format(expression="settings.DEBUG"), environment)
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert name in last


def test_an_installation_refuses_debug() -> None:
    result = python(READ.format(expression="settings.DEBUG"), {**good(), "DEBUG": "1"})
    assert result.returncode != 0
    assert "DEBUG shows settings" in result.stderr


def deploy(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy`, as an operator calls it."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.prod", **environment},
        text=True,
        capture_output=True,
    )


def test_an_installation_passes_the_deployment_checks() -> None:
    whole = {
        "THROUGHLINE_HSTS_SUBDOMAINS": "1",
        "THROUGHLINE_HSTS_PRELOAD": "1",
        "THROUGHLINE_HSTS_SECONDS": "31536000",
    }
    result = deploy(good() | whole)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "no issues (0 silenced)" in result.stdout + result.stderr


def test_secrets_may_lie_in_files(tmp_path: Path) -> None:
    environment = good()
    secrets = {
        "DATABASE_URL": "postgres://desk:needle-1@db.example.test/desk",
        "EMAIL_URL": "smtp+tls://desk:needle-2@mail.example.test:587",
        "THROUGHLINE_SMS_URL": "json://sms.example.test/needle-3",
        "THROUGHLINE_CHAT_URLS": "care=json://chat.example.test/needle-4?a=b\nmoney=json://chat.example.test/needle-5\n",
    }
    environment.pop("DATABASE_URL")
    for name, text in secrets.items():
        (tmp_path / name).write_text(text)
        environment[f"{name}_FILE"] = str(tmp_path / name)
    found = setting(
        "settings.DATABASES['default']['PASSWORD'], settings.EMAIL_HOST_PASSWORD, settings.THROUGHLINE_SMS_URL, "
        "sorted(settings.THROUGHLINE_CHAT_URLS.items())",
        environment,
    )
    assert [f"needle-{number}" in found for number in range(1, 6)] == [True] * 5
    assert "('care', 'json://chat.example.test/needle-4?a=b')" in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://desk:needle/x@db.example.test:needle/desk"),
        ("DATABASE_URL", "needle"),
        ("EMAIL_URL", "smtp+tls://desk:p#needle@mail.example.test:needle"),
        ("EMAIL_URL", "needle://x"),
        ("THROUGHLINE_CHAT_URLS", "needle"),
        ("THROUGHLINE_CHAT_URLS", "=json://needle"),
    ],
)
def test_a_secret_that_cannot_be_understood_is_named_and_not_quoted(name: str, value: str) -> None:
    result = python(READ.format(expression="settings.DEBUG"), {**good(), name: value})
    assert result.returncode != 0
    assert name in result.stderr.strip().splitlines()[-1]
    assert "needle" not in result.stderr


def test_cookies_are_bound_to_the_host_by_https() -> None:
    names = "settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME"
    assert setting(names, good()) == "('__Host-sessionid', '__Host-csrftoken')"
    assert setting(names, {**good(), "THROUGHLINE_HTTPS": "0"}) == "('sessionid', 'csrftoken')"


def test_cookies_need_https_unless_told_otherwise() -> None:
    cookies = "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT"
    assert setting(cookies, good()) == "(True, True, True)"
    assert setting(cookies, {**good(), "THROUGHLINE_HTTPS": "0"}) == "(False, False, False)"


def test_a_developers_machine_has_debug_off_and_keys_of_its_own(tmp_path: Path) -> None:
    environment = {"THROUGHLINE_VAR": str(tmp_path)}
    first = setting("settings.DEBUG, settings.SECRET_KEY, settings.THROUGHLINE_KEYS", environment, settings="dev")
    assert first.startswith("(False, ")
    assert (
        setting("settings.DEBUG, settings.SECRET_KEY, settings.THROUGHLINE_KEYS", environment, settings="dev") == first
    )
    other = {"THROUGHLINE_VAR": str(tmp_path / "other")}
    assert setting("settings.SECRET_KEY", other, settings="dev") not in first


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    paths = make_files(tmp_path / "keys", NOW)
    assert len(paths) == 6
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths.values()} == {0o600}
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {path.name for path in paths.values()}


def test_keys_that_exist_are_kept(tmp_path: Path) -> None:
    before = {name: path.read_text() for name, path in make_files(tmp_path, NOW).items()}
    assert {name: path.read_text() for name, path in make_files(tmp_path, NOW).items()} == before


def test_every_kind_has_a_key_of_its_own(tmp_path: Path) -> None:
    secret, keys = load({f"{name}_FILE": str(path) for name, path in make_files(tmp_path, NOW).items()})
    bodies = [secret.encode(), *(body for pairs in keys.values() for _, body in pairs)]
    assert len(set(bodies)) == len(bodies) == 4
    assert {key_id for pairs in keys.values() for key_id, _ in pairs} == {"k20261122"}


def test_the_first_key_is_current_and_older_ones_stay() -> None:
    assert [key_id for key_id, _ in parse_keys(f"{new_key('new')}, {new_key('old')}", "K")] == ["new", "old"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no key"),
        ("abc", "expected id:base64"),
        (":QUJD", "expected id:base64"),
        ("k1:not base64!", "not base64"),
        ("k1:QUJD", "3 bytes, expected 32"),
        (f"{new_key('k1')},{new_key('k1')}", "stands twice"),
        (f"{new_key('k1')},k2", "key 2: expected id:base64"),
    ],
)
def test_a_malformed_key_says_where_and_what_and_never_itself(text: str, problem: str) -> None:
    with pytest.raises(KeyProblem, match=problem) as caught:
        parse_keys(text, "THROUGHLINE_FIELD_KEYS")
    assert "THROUGHLINE_FIELD_KEYS" in str(caught.value)
    for item in filter(None, (part.partition(":")[2] for part in text.split(","))):
        assert item not in str(caught.value)


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    environment = good()
    del environment["SECRET_KEY"]
    environment["SECRET_KEY_FILE"] = str(tmp_path / "gone")
    result = python(READ.format(expression="settings.DEBUG"), environment)
    assert "SECRET_KEY_FILE names" in result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp+tls://desk:p%40ss@mail.example.test:587", "('mail.example.test', 587, 'desk', 'p@ss', True, False)"),
        ("smtp+ssl://mail.example.test:465", "('mail.example.test', 465, '', '', False, True)"),
        ("smtp://mail.example.test:25", "('mail.example.test', 25, '', '', False, False)"),
    ],
)
def test_mail_goes_where_the_environment_says(url: str, expected: str) -> None:
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    expression = ", ".join(f"settings.EMAIL_{name}" for name in names)
    assert setting(expression, {**good(), "EMAIL_URL": url}) == expected


def test_a_mail_address_that_says_too_little_is_refused() -> None:
    result = python(READ.format(expression="settings.DEBUG"), {**good(), "EMAIL_URL": "smtps://mail.example.test:465"})
    assert "smtp+ssl://" in result.stderr.strip().splitlines()[-1]


def test_sqlite_is_opened_with_the_measured_options() -> None:
    from django.db import connection

    from config.settings.base import Q_CLUSTER, database

    options = database("sqlite:////tmp/x.sqlite3")["OPTIONS"]
    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 20)
    assert "journal_mode = WAL" in options["init_command"]
    assert "synchronous = NORMAL" in options["init_command"]
    assert connection.settings_dict["ATOMIC_REQUESTS"] is False
    assert Q_CLUSTER["retry"] >= Q_CLUSTER["timeout"] * (2 + Q_CLUSTER["queue_limit"] / Q_CLUSTER["workers"])


def test_the_key_of_anchors_and_its_public_half_fit(tmp_path: Path) -> None:
    paths = make_files(tmp_path, NOW)
    keys = load_anchor({f"{name}_FILE": str(path) for name, path in paths.items()})
    ((key_id, seed),) = keys["sign"]
    assert keys["verify"] == [(key_id, public_half(seed))]


def test_the_web_needs_only_the_public_half_of_the_anchor_key(tmp_path: Path) -> None:
    paths = make_files(tmp_path, NOW)
    public = {"THROUGHLINE_ANCHOR_PUBLIC_KEYS_FILE": str(paths["THROUGHLINE_ANCHOR_PUBLIC_KEYS"])}
    keys = load_anchor(public)
    assert (keys["sign"], len(keys["verify"])) == ([], 1)
    assert load_anchor({}) == {"sign": [], "verify": []}


def test_one_key_signs_anchors() -> None:
    with pytest.raises(KeyProblem, match="THROUGHLINE_ANCHOR_KEY holds 2 keys; one signs"):
        load_anchor({"THROUGHLINE_ANCHOR_KEY": f"{new_key('a')},{new_key('b')}"})


SSO = {
    "THROUGHLINE_OIDC_ISSUER": "https://id.example.test/",
    "THROUGHLINE_OIDC_CLIENT_ID": "desk",
    "THROUGHLINE_OIDC_CLIENT_SECRET": "s",
    "THROUGHLINE_OIDC_GROUPS": "desk-agents=agent,desk-leads=lead",
}


def test_single_sign_on_comes_from_the_environment_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    given = {name: value for name, value in SSO.items() if name != "THROUGHLINE_OIDC_CLIENT_SECRET"}
    given["THROUGHLINE_OIDC_CLIENT_SECRET_FILE"] = str(tmp_path / "secret")
    app = "(settings.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0])"
    shown = f"{app}['secret'], {app}['settings']['server_url'], settings.THROUGHLINE_OIDC_GROUPS"
    assert setting(shown, {**good(), **given}) == (
        "('from a file', 'https://id.example.test', {'desk-agents': ('agent',), 'desk-leads': ('lead',)})"
    )
    assert setting("settings.SOCIALACCOUNT_PROVIDERS", good()) == "{}"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"THROUGHLINE_OIDC_CLIENT_ID": ""}, "THROUGHLINE_OIDC_CLIENT_ID is not set"),
        ({"THROUGHLINE_OIDC_CLIENT_SECRET": ""}, "THROUGHLINE_OIDC_CLIENT_SECRET is not set"),
        ({"THROUGHLINE_OIDC_ISSUER": "http://id.example.test"}, "must begin with https"),
        ({"THROUGHLINE_OIDC_GROUPS": "desk=boss"}, "'desk=boss' is not group=role"),
        ({"THROUGHLINE_SECOND_FACTOR": "some"}, "expected one of channels, everybody, off"),
        ({"THROUGHLINE_IDLE_MINUTES": "0"}, "THROUGHLINE_IDLE_MINUTES must be"),
        ({"THROUGHLINE_REAUTHENTICATE_MINUTES": "0"}, "THROUGHLINE_REAUTHENTICATE_MINUTES must be"),
    ],
)
def test_half_a_configuration_of_signing_in_does_not_start(wrong: dict[str, str], problem: str) -> None:
    result = python(READ.format(expression="settings.DEBUG"), {**good(), **SSO, **wrong})
    assert result.returncode != 0
    assert problem in result.stderr.strip().splitlines()[-1]


def test_a_second_factor_is_asked_for_where_others_reach_the_desk(tmp_path: Path) -> None:
    mode, var = "settings.THROUGHLINE_SECOND_FACTOR", {"THROUGHLINE_VAR": str(tmp_path)}
    assert setting(mode, good()) == "channels"
    assert setting(mode, var, settings="dev") == "off"
    assert setting(mode, {**var, "HOST": "0.0.0.0"}, settings="dev") == "channels"


def test_addresses_of_a_proxy_are_believed_only_behind_one() -> None:
    count = "settings.ALLAUTH_TRUSTED_PROXY_COUNT"
    assert setting(count, {**good(), "THROUGHLINE_PROXIES": "2"}) == "0"
    assert setting(count, {**good(), "THROUGHLINE_BEHIND_PROXY": "1"}) == "1"
    assert setting(count, {**good(), "THROUGHLINE_BEHIND_PROXY": "1", "THROUGHLINE_PROXIES": "2"}) == "2"


def test_the_colours_of_the_pages_outside_the_admin_are_those_inside() -> None:
    from config.settings.look import UNFOLD

    written = (ROOT / "escalations/static/desk/palette.css").read_text()
    for name in ("base", "primary"):
        for weight, value in UNFOLD["COLORS"][name].items():
            assert f"--color-{name}-{weight}: {value};" in written
