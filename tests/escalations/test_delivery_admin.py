"""The pages of deliveries and of the queue: what was given up is seen and sent again, nothing else can be done."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from guardian.shortcuts import assign_perm

from escalations.models import Delivery, Heartbeat
from escalations.services import delivery
from escalations.services.roles import group_of
from tests.factories.telling import NOW, SmallDesk, small_desk
from tests.mailserver import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> SmallDesk:
    desk = small_desk()
    assign_perm("work_cases", Group.objects.get(name="general"), desk.general)
    for person in (desk.mia, desk.jon):
        person.is_staff = True
        person.save()
    return desk


@pytest.fixture
def page(desk: SmallDesk, client: Client) -> Client:
    client.force_login(desk.mia)
    return client


def give_up(desk: SmallDesk, mail_server: MailServer, **columns: object) -> Delivery:
    mail_server.refuse_recipients = {"jon@desk.example.test": "550 no such user"}
    intent = desk.intent("notice.reply", [f"user:{desk.jon.pk}"], desk.case(**columns))
    delivery.expand(now=NOW)
    delivery.deliver(now=NOW)
    mail_server.refuse_recipients = {}
    return Delivery.objects.get(outbox=intent)


def test_what_was_given_up_is_listed_with_the_reason_and_sent_again(
    desk: SmallDesk, page: Client, mail_server: MailServer
) -> None:
    row = give_up(desk, mail_server)
    address = reverse("admin:escalations_delivery_changelist")
    shown = page.get(address)
    assert shown.status_code == HTTPStatus.OK
    text = shown.content.decode()
    assert "Jon" in text
    assert "The mail server answered 550" in text
    assert "jon@desk" not in text
    answer = page.post(reverse("admin:escalations_delivery_resend"), {"delivery": [row.pk]}, follow=True)
    assert "1 is tried again now." in answer.content.decode()
    assert LogEntry.objects.get().object_id == str(row.pk)
    delivery.deliver(now=timezone.now())
    assert len(mail_server.to("jon@desk.example.test")) == 1
    assert "Nothing was given up" in page.get(address).content.decode()
    sent = page.get(address, {"state": "sent"}).content.decode()
    assert row.outbox.case is not None
    assert row.outbox.case.reference in sent


def test_deliveries_of_cases_that_one_may_not_see_are_not_there(
    desk: SmallDesk, page: Client, mail_server: MailServer
) -> None:
    desk.jon.groups.add(Group.objects.get(name="fraud"))
    row = give_up(desk, mail_server, channel=desk.fraud)
    assert row.state == "dead"
    for state in ("dead", "trying", "sent", "dropped"):
        text = page.get(reverse("admin:escalations_delivery_changelist"), {"state": state}).content.decode()
        assert "Jon" not in text
    for model in ("delivery", "outbox"):
        pk = row.pk if model == "delivery" else row.outbox_id
        answer = page.get(reverse(f"admin:escalations_{model}_change", args=[pk]))
        assert answer.status_code == HTTPStatus.FOUND
        assert row.outbox.case is not None
        listed = page.get(reverse(f"admin:escalations_{model}_changelist"))
        assert row.outbox.case.reference not in listed.content.decode()
    page.post(reverse("admin:escalations_delivery_resend"), {"delivery": [row.pk]})
    row.refresh_from_db()
    assert row.state == "dead"


def test_who_does_not_work_on_a_case_sends_nothing_again(
    desk: SmallDesk, client: Client, mail_server: MailServer
) -> None:
    row = give_up(desk, mail_server)
    reader = desk.person("Rae", sees="")
    assign_perm("see_cases", reader, desk.general)
    reader.is_staff = True
    reader.save()
    client.force_login(reader)
    shown = client.get(reverse("admin:escalations_delivery_changelist")).content.decode()
    assert "550" in shown
    assert f'name="delivery" value="{row.pk}"' not in shown
    answer = client.post(reverse("admin:escalations_delivery_resend"), {"delivery": [row.pk]}, follow=True)
    assert "You may not send these again" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "dead"


def test_a_link_sends_nothing(desk: SmallDesk, page: Client) -> None:
    assert page.get(reverse("admin:escalations_delivery_resend")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


# ------------------------------------------------------------------------------------------------------ the work queue

QUEUE = (Schedule, Success, Failure, OrmQ)


@pytest.fixture
def operator(desk: SmallDesk, client: Client) -> Client:
    user = desk.person("Otto")
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


@pytest.mark.parametrize("model", QUEUE, ids=[model.__name__ for model in QUEUE])
def test_the_queue_is_to_be_looked_at_only(model: type[Schedule], operator: Client) -> None:
    """Its free-text function field would be code execution."""
    name = f"django_q_{model._meta.model_name}"
    assert operator.get(reverse(f"admin:{name}_changelist")).status_code == HTTPStatus.OK
    assert operator.get(reverse(f"admin:{name}_add")).status_code == HTTPStatus.FORBIDDEN
    data = {"name": "evil", "func": "os.system", "args": "'id'", "schedule_type": "O", "repeats": "-1"}
    assert operator.post(reverse(f"admin:{name}_add"), data).status_code == HTTPStatus.FORBIDDEN
    page = admin.site._registry[model]
    assert page.__class__.__module__ == "escalations.admin.queue"
    assert not page.actions


def test_arguments_results_and_payloads_are_not_shown(operator: Client) -> None:
    now = timezone.now()
    secret = "bea@home.example.test"
    for success in (True, False):
        Task.objects.create(
            id=("s" if success else "f") * 32,
            name="task",
            func="escalations.tasks.deliver",
            args=(secret,),
            kwargs={"to": secret},
            result=f"Traceback\n  to {secret}\nValueError: {secret} is wrong : end",
            started=now,
            stopped=now,
            success=success,
        )
    OrmQ.objects.create(key="throughline", payload=secret, lock=now)
    Schedule.objects.create(name="x", func="escalations.tasks.sweep", kwargs=f"to='{secret}'", schedule_type="I")
    for model in QUEUE:
        name = f"django_q_{model._meta.model_name}"
        pages = [reverse(f"admin:{name}_changelist")]
        pages += [reverse(f"admin:{name}_change", args=[row.pk]) for row in model._default_manager.all()]
        assert len(pages) == 2
        for address in pages:
            answer = operator.get(address)
            assert answer.status_code == HTTPStatus.OK
            assert secret not in answer.content.decode()
        assert operator.post(pages[1], {"func": "os.system"}).status_code == HTTPStatus.FORBIDDEN
    assert Schedule.objects.get().func == "escalations.tasks.sweep"
    shown = operator.get(reverse("admin:django_q_failure_changelist")).content.decode()
    assert "ValueError: … is wrong" in shown


def test_agents_do_not_see_the_queue(page: Client) -> None:
    for model in QUEUE:
        address = reverse(f"admin:django_q_{model._meta.model_name}_changelist")
        assert page.get(address).status_code == HTTPStatus.FORBIDDEN


def test_heartbeats_are_shown_to_supervisors_with_their_age(page: Client, desk: SmallDesk) -> None:
    Heartbeat.objects.create(name="sweep", at=timezone.now(), detail={"fired": 3})
    assert page.get(reverse("admin:escalations_heartbeat_changelist")).status_code == HTTPStatus.FORBIDDEN
    desk.mia.groups.add(group_of("supervisor"))
    text = page.get(reverse("admin:escalations_heartbeat_changelist")).content.decode()
    assert "fired: 3" in text
    assert "s ago" in text
