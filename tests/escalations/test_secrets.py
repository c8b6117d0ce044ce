"""Secrets of the settings are told to nobody: not by doctor, not by the log, not by the report of an error."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from escalations.outbound import notify
from escalations.outbound.failures import Temporary
from tests.factories.telling import SmallDesk, small_desk

pytestmark = pytest.mark.django_db

NEEDLE = "needle"


@pytest.fixture
def planted(settings: Any) -> SmallDesk:
    """A small desk whose every secret is a needle."""
    desk = small_desk()
    settings.SECRET_KEY = f"{NEEDLE}-secret-key-" + "x" * 40
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "desk", f"{NEEDLE}-mail"
    settings.EMAIL_CONFIG = {"EMAIL_HOST_PASSWORD": f"{NEEDLE}-mail", "EMAIL_URL": f"smtp://desk:{NEEDLE}@x"}
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 1,
    )  # fmt: skip
    settings.THROUGHLINE_SMS_URL = f"json://user:{NEEDLE}-sms@sms.example.test/{NEEDLE}-token"
    settings.THROUGHLINE_CHAT_URLS = {"care": f"json://chat.example.test/{NEEDLE}-room?+X-Token={NEEDLE}", "x": NEEDLE}
    settings.THROUGHLINE_OUTBOUND_HOSTS = {"*": ["sms.example.test"]}
    settings.THROUGHLINE_KEYS = settings.THROUGHLINE_KEYS | {"token": [(f"{NEEDLE}-id", NEEDLE.encode() * 6)]}
    return desk


def written(caplog: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter("%(name)s %(message)s")
    return "\n".join(formatter.format(record) for record in caplog.records)


@pytest.mark.parametrize("options", [["--json"], []])
def test_doctor_tells_no_secret(planted: SmallDesk, options: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", *options, stdout=out, stderr=err)
    said = out.getvalue() + err.getvalue() + written(caplog)
    assert "THROUGHLINE_CHAT_URLS" in said
    assert NEEDLE not in said


def test_a_run_that_fails_logs_no_secret(planted: SmallDesk, caplog: pytest.LogCaptureFixture) -> None:
    from escalations.outbound import hosts
    from tests.factories.telling import run

    caplog.set_level(logging.DEBUG)
    planted.intent("notice.reply", [f"user:{planted.mia.pk}"], planted.case())
    planted.intent("notice.late", [f"team:{planted.care.pk}"], planted.case())
    run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts, "why_closed", lambda address: "")
        patch.setattr(hosts, "resolve", lambda host, port: ["127.0.0.1"])
        for send in (
            lambda: notify.sms(planted_letter(), number="+49 30 1234567"),
            lambda: notify.chat(planted_letter(), team="care"),
            lambda: notify.chat(planted_letter(), team="x"),
        ):
            with pytest.raises(Temporary) as caught:
                send()
            assert NEEDLE not in str(caught.value)
    assert NEEDLE not in written(caplog)


def planted_letter() -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(subject="TL-1", url="https://desk.example.test/1", short=lambda: "TL-1")


def test_the_report_of_an_error_tells_no_secret(planted: SmallDesk, settings: Any, mailoutbox: list[Any]) -> None:
    request = RequestFactory().post(
        "/admin/x/?q=1",
        {"password": NEEDLE, "body": NEEDLE},
        headers={"Cookie": f"sessionid={NEEDLE}", "X-Token": NEEDLE},
    )
    request.environ["DATABASE_URL"] = request.META["DATABASE_URL"] = f"postgres://desk:{NEEDLE}@x"

    def breaks(body: str) -> None:
        raise RuntimeError("it broke")

    try:
        breaks("nee" + "dle of a party")
    except RuntimeError:
        import sys

        info = sys.exc_info()
    for report in (ExceptionReporter(request, *info), ExceptionReporter(request, *info, is_email=True)):
        for said in (report.get_traceback_text(), report.get_traceback_html()):
            assert "it broke" in said
            assert "needle-" not in said
            assert "needle of a party" not in said
    settings.ADMINS = [("Ops", "ops@example.test")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    record = logging.LogRecord("django.request", logging.ERROR, "x", 1, "it broke", None, info)
    record.request = request
    AdminEmailHandler(include_html=True).emit(record)
    (mail,) = mailoutbox
    said = str(mail.message())
    assert "it broke" in said
    assert "needle of a party" not in said
    assert "needle-" not in said
    assert f"={NEEDLE}" not in said


def test_the_page_of_an_error_tells_no_secret(planted: SmallDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from config import health

    def breaks() -> None:
        raise RuntimeError(f"{NEEDLE} of an error")

    monkeypatch.setattr(health, "checks", breaks)
    answer = Client(raise_request_exception=False).get("/readyz")
    assert answer.status_code == 500
    assert NEEDLE not in answer.content.decode()
