"""The page of a party: `/status/<token>/`. The one page for people without an account.

A link that is unknown, over, taken back or misspelt is answered alike. Nothing here needs a session, a cookie or a
script: the token is all that says who somebody is, so no form of another site can use what a browser would bring along,
and the page asks for no token of its own against that.
"""

from __future__ import annotations

import datetime as dt
import secrets
from email.utils import parseaddr
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from escalations.core.words.following import LANGUAGES, language_of, words_in
from escalations.errors import DeskError, Invalid
from escalations.models import PartyLink
from escalations.outbound.letter import RIGHT_TO_LEFT
from escalations.outbound.words import zone
from escalations.selectors import following
from escalations.selectors.following import Followed, Promise
from escalations.services import links
from escalations.services.replies import BODY_LENGTH

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LIMITS = {"look": "120/m/ip", "follow": "60/m/key", "say": "60/h/ip,10/10m/key"}
"""How often one address looks at all, how often one link is followed, how often somebody writes."""
WAIT_S = 600


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest, token: str | None = None) -> HttpResponse:
    """The page of the case that a token leads to, and what its party adds to it. A look changes nothing."""
    now = timezone.now()
    if not _within(request, "look"):
        return _often(request)
    link = following.find(token or "", now=now)
    case = following.followed(link, now=now) if link is not None else None
    if link is None or case is None:
        return _unknown(request)
    if not _within(request, "follow", key=str(link.pk)):
        return _often(request, link)
    if request.method == "POST":
        return _add(request, link, case, str(token), now)
    return _page(request, link, case, now, once=secrets.token_urlsafe(24))


def _add(request: HttpRequest, link: PartyLink, case: Followed, token: str, now: dt.datetime) -> HttpResponse:
    body, once = request.POST.get("message", ""), request.POST.get("once", "")[:100]
    words = words_in(_language(request, link))
    code = 422
    if not _within(request, "say", key=str(link.pk)):
        error, code = words["error_often"], 429
    else:
        try:
            links.add_message(link=link, now=now, body=body, once=once)
        except Invalid:
            long = len(body.strip()) > BODY_LENGTH
            error = words["error_long" if long else "error_empty"].format(most=BODY_LENGTH, count=len(body.strip()))
        except DeskError:
            error, code = words["error_other"], 503
        else:
            query = f"lang={request.GET['lang']}&" if request.GET.get("lang") in LANGUAGES else ""
            where = reverse("escalations:status", args=[token])
            return _guarded(HttpResponseRedirect(f"{where}?{query}sent=1#sent"))
    return _page(request, link, case, now, once=once, typed=body, error=error, code=code)


def _page(
    request: HttpRequest,
    link: PartyLink,
    case: Followed,
    now: dt.datetime,
    *,
    once: str,
    typed: str = "",
    error: str = "",
    code: int = 200,
) -> HttpResponse:
    language = _language(request, link)
    words = words_in(language)
    with translation.override(language):
        context = {
            **_frame(request, language),
            "case": case,
            "title": words["title"].format(reference=case.reference),
            "title_parts": words["title"].partition("{reference}"),
            "headline": _headline(case, words),
            "joined": _joined(case, words),
            "steps": _steps(case, words),
            "promises": [_promise(promise, case, words) for promise in case.promises],
            "late": any(promise.late for promise in case.promises),
            "messages": [_message(said, case, words) for said in case.said],
            "earlier": words["earlier"].format(count=case.earlier) if case.earlier else "",
            "hint": words["add_hint" if case.open else "add_hint_done"],
            "sent": request.GET.get("sent") == "1" and not error,
            "once": once,
            "typed": typed,
            "error": error,
            "most": BODY_LENGTH,
            "times_in": words["times_in"].format(place=_place(case.timezone)),
            "now": _moment(now, case.timezone, words),
        }
        answer = render(request, "status/page.html", context, status=code)
    if code == 429:
        answer["Retry-After"] = str(WAIT_S)
    return _guarded(answer)


def _unknown(request: HttpRequest) -> HttpResponse:
    """The one answer for every link that opens nothing."""
    language = _language(request)
    with translation.override(language):
        answer = render(request, "status/unknown.html", _frame(request, language), status=404)
    return _guarded(answer)


def _often(request: HttpRequest, link: PartyLink | None = None) -> HttpResponse:
    language = _language(request, link)
    with translation.override(language):
        answer = render(request, "status/often.html", _frame(request, language), status=429)
    answer["Retry-After"] = str(WAIT_S)
    return _guarded(answer)


def _guarded(answer: HttpResponse) -> HttpResponse:
    """The headers under which no other site learns the address, no search engine keeps it, and nothing runs, beside
    those of every answer (`config.middleware.Headers`)."""
    answer["Content-Security-Policy"] = POLICY
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer


def _within(request: HttpRequest, action: str, *, key: str = "") -> bool:
    """Whether this may be done once more, by the limits. Counts it."""
    used = ratelimit.consume(request, app="status", action=action, config=LIMITS, key=key, limit_get=True)
    return used is not None


def _language(request: HttpRequest, link: PartyLink | None = None) -> str:
    """The language of the page: the one chosen on it, else the party's, else the browser's."""
    chosen = request.GET.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    return language_of(link.party.language if link is not None else translation.get_language() or "")


def _frame(request: HttpRequest, language: str) -> dict[str, Any]:
    """What stands around every page of this kind."""
    words = words_in(language)
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    switch = [(code, own, code == language) for code, own in LANGUAGES.items()]
    before, _place, after = words["help"].partition("{address}")
    lost_before, _place, lost_after = words["unknown_what"].partition("{address}")
    return {
        "w": words,
        "language": language,
        "switch": switch,
        "brand": name or "Throughline",
        "address": address,
        "help_before": before,
        "help_after": after,
        "lost_before": lost_before,
        "lost_after": lost_after,
    }


def _headline(case: Followed, words: Any) -> str:
    if case.reduced:
        return str(words["reduced" if case.open else "reduced_done"])
    key = "working_team" if case.standing == "working" and not case.leader else case.standing
    return str(words[key].format(team=case.team, leader=case.leader))


def _joined(case: Followed, words: Any) -> str:
    if case.with_others:
        return str(words["with_others"])
    return str(words["goes_on_in"].format(reference=case.goes_on_in)) if case.goes_on_in else ""


def _steps(case: Followed, words: Any) -> list[dict[str, Any]]:
    """The four steps of the way: done, now, still to come. None of a sensitive case."""
    if case.reduced:
        return []
    last = case.standing == "done"
    return [
        {
            "name": words[f"step_{place}"],
            "state": "past" if place < case.step or last else "now" if place == case.step else "next",
            "said": words[
                "step_past" if place < case.step or last else "step_now" if place == case.step else "step_next"
            ],
        }
        for place in range(1, 5)
    ]


def _promise(promise: Promise, case: Followed, words: Any) -> dict[str, Any]:
    what = "decision" if promise.decides else "answer"
    return {
        "what": words[f"late_{what}" if promise.late else f"{what}_by"],
        "moment": _moment(promise.due, case.timezone, words),
        "iso": promise.due.isoformat(),
        "late": promise.late,
    }


def _message(said: following.Said, case: Followed, words: Any) -> dict[str, Any]:
    base = said.language.partition("-")[0]
    return {
        "who": words["from_you" if said.mine else "from_us"],
        "mine": said.mine,
        "moment": formats.date_format(said.at.astimezone(zone(case.timezone)), words["short_format"]),
        "iso": said.at.isoformat(),
        "language": said.language,
        "direction": "rtl" if base in RIGHT_TO_LEFT else "auto",
        "subject": said.subject,
        "body": said.body,
    }


def _moment(at: dt.datetime, where: str, words: Any) -> str:
    """A moment in the zone of the case's region, in the page's language, with the place of that zone."""
    told = formats.date_format(at.astimezone(zone(where)), words["moment_format"])
    place = _place(where)
    return str(words["moment_utc" if place == "UTC" else "moment"].format(moment=told, place=place))


def _place(where: str) -> str:
    return zone(where).key.rpartition("/")[2].replace("_", " ")
