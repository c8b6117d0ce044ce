"""Onboarding: one's track and how far one is, a drill with its explanation, what a new version changes, one's team."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from escalations.core.roles import LEAD, OVERSEE
from escalations.errors import DeskError, Invalid
from playbook.addresses import resolver
from playbook.core.drills import NOBODY, YES, Choice, Drill
from playbook.selectors import onboarding as reads
from playbook.selectors.unread import kept_from
from playbook.services import onboarding
from playbook.views.frame import Reader, for_learners, for_readers


@for_readers
def track(reader: Reader) -> HttpResponse:
    """What to read and to practise, how far one is, and what comes next."""
    row = reads.enrolment(reader.user)
    if row is None:
        return redirect("playbook:choose_track")
    progress = reads.progress(
        reader.user, row, reader.version, language=reader.language, classes=reader.classes, now=reader.now
    )
    central = reader.book.policy.central
    where = resolver(reader.book, reader.classes, None)
    pages = {
        one.step.page: reverse("playbook:article", args=[one.step.language, one.step.article])
        if one.step.article
        else where("page", one.step.page)
        for one in progress.steps
        if one.step.page
    }
    context = {
        "progress": progress,
        "pages": pages,
        "team": central.teams[row.team].name if row.team in central.teams else row.team,
        "region": central.regions[row.region].name if row.region in central.regions else row.region,
        "news": reads.news(reader.user, row, reader.version, reader.classes),
        "kept": kept_from([reader.user.pk], reader.version, reader.now).get(reader.user.pk),
        "leads": _leads(reader),
    }
    return reader.show("onboarding", context)


@for_learners
def choose(reader: Reader) -> HttpResponse:
    """Choose the team that one joins and the region that one serves."""
    central, request = reader.book.policy.central, reader.request
    row = reads.enrolment(reader.user)
    chosen = {
        "team": row.team if row else reads.suggested_team(reader.user, reader.now),
        "region": row.region if row else "",
    }
    errors: dict[str, str] = {}
    if request.method == "POST":
        chosen = {name: request.POST.get(name, "") for name in chosen}
        try:
            onboarding.enrol(person=reader.user, version=reader.version, now=reader.now, **chosen)
            return redirect("playbook:onboarding")
        except Invalid as error:
            errors = {error.field: str(error)}
    context = {
        "teams": sorted(central.teams.items(), key=lambda item: item[1].name),
        "regions": sorted(central.regions.items(), key=lambda item: item[1].name),
        "chosen": chosen,
        "errors": errors,
        "again": row is not None,
    }
    return reader.show("choose_track", context, status=200)


@for_learners
def read(reader: Reader) -> HttpResponse:
    """Say that one has read a page; then on with the track."""
    if reader.request.method != "POST":
        return redirect("playbook:onboarding")
    page = reader.request.POST.get("page", "")
    try:
        onboarding.study(person=reader.user, page=page, version=reader.version, now=reader.now, classes=reader.classes)
    except DeskError as error:
        messages.error(reader.request, str(error))
    return HttpResponseRedirect(f"{reverse('playbook:onboarding')}#next")


@for_learners
def news(reader: Reader) -> HttpResponse:
    """What a new version changes for one's work; and saying that one knows it."""
    row = reads.enrolment(reader.user)
    found = reads.news(reader.user, row, reader.version, reader.classes)
    if reader.request.method == "POST":
        onboarding.acknowledge(person=reader.user, version=reader.version, now=reader.now)
        said = _("Noted: you know what version %(n)s changes for your work.") % {"n": reader.version.number}
        messages.success(reader.request, said)
        return redirect("playbook:onboarding" if row is not None else "playbook:home")
    kept = kept_from([reader.user.pk], reader.version, reader.now).get(reader.user.pk)
    return reader.show("news", {"news": found, "kept": kept})


@for_readers
def team(reader: Reader) -> HttpResponse:
    """How far the people are whom one leads."""
    if not _leads(reader):
        raise PermissionDenied
    central = reader.book.policy.central
    found = reads.learners(reader.user, reader.version, language=reader.language, now=reader.now)
    lines = [
        (one, central.teams[one.enrolment.team].name if one.enrolment.team in central.teams else one.enrolment.team)
        for one in found
    ]
    return reader.show("learners", {"lines": lines})


@for_learners
def drill(reader: Reader, topic: str) -> HttpResponse:
    """A case's facts and what is asked about it; once it is answered, what is right, and why."""
    request = reader.request
    errors: dict[str, str] = {}
    if request.method == "POST":
        asked = request.POST.get("variant", "")
        try:
            result = onboarding.answer(
                person=reader.user,
                topic=topic,
                variant=int(asked) if asked.isdecimal() and len(asked) < 9 else -1,
                answers=request.POST.dict(),  # only what was asked is looked at
                version=reader.version,
                now=reader.now,
                classes=reader.classes,
            )
            return reader.show("drill_answered", _answered(reader, result, request))
        except Invalid as error:
            errors = {error.field: str(error)}
        except DeskError as error:
            messages.error(request, str(error))
    met = reads.drill_for(reader.user, topic, reader.version, classes=reader.classes, now=reader.now)
    if met is None:
        raise Http404
    made, variant = met
    lines = [
        {
            "asked": question.asked,
            "about": question.about,
            "choices": [
                (one, _words(made, one), request.POST.get(question.asked) == one.key) for one in question.choices
            ],
            "error": errors.get(question.asked, ""),
        }
        for question in made.questions
    ]
    return reader.show(
        "drill",
        {"drill": made, "variant": variant, "lines": lines, "received": made.received.astimezone(ZoneInfo(made.zone))},
        status=422 if errors else 200,
    )


def _answered(reader: Reader, result: onboarding.Result, request: HttpRequest) -> dict[str, Any]:
    made = result.drill
    lines = [
        {
            "asked": question.asked,
            "about": question.about,
            "right": result.right[question.asked],
            "said": next(_words(made, one) for one in question.choices if one.key == request.POST.get(question.asked)),
            "answer": _words(made, question.answer),
            "why": question.why,
        }
        for question in made.questions
    ]
    row = reads.enrolment(reader.user)
    after = (
        reads.progress(reader.user, row, reader.version, language=reader.language, classes=reader.classes,
                       now=reader.now).next
        if row is not None
        else None
    )  # fmt: skip
    return {
        "drill": made,
        "received": made.received.astimezone(ZoneInfo(made.zone)),
        "lines": lines,
        "result": result,
        "next": after if after is not None and after.step.topic else None,
    }


def _words(made: Drill, choice: Choice) -> str:
    """A choice as it is read: a moment in the zone of the case's calendar, the two answers that are not levels."""
    if choice.at is not None:
        return formats.date_format(choice.at.astimezone(ZoneInfo(made.zone)), "D j M, H:i")
    if choice.key == YES:
        return _("Yes, I may")
    if choice.key == NOBODY:
        return _("No, and nobody may")
    return choice.text


def _leads(reader: Reader) -> bool:
    return reader.user.has_perm(LEAD) or reader.user.has_perm(OVERSEE)
