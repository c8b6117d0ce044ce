"""Who works at the made-up marketplace, and how the demo puts them there: through the services, as a lead would."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.hashers import make_password

from escalations.core.roles import in_order
from escalations.demo import names
from escalations.models import Channel, Level, Role, Specialism, Team, User
from escalations.models.access import ChannelRequest
from escalations.services import channels, people, roles

DOMAIN = "throughline.example"
"""People of the demo are known by the domain of their addresses, which is reserved for examples."""

Part = ChannelRequest.Part


@dataclass(frozen=True, slots=True)
class Place:
    """A person in a team: level, capacity, skills, languages."""

    team: str
    level: str
    capacity: int = 14
    skills: tuple[str, ...] = ()
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the cast. `channels` gives the part that they have in each."""

    username: str
    first: str
    last: str
    places: tuple[Place, ...] = ()
    languages: tuple[str, ...] = ("en",)
    timezone: str = "Europe/Berlin"
    channels: Mapping[str, str] = field(default_factory=lambda: {"general": Part.WORKERS})
    administers: bool = False
    more_roles: tuple[str, ...] = ()
    shows: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Their roles: what their places ask for, and what they have beside."""
        found = {"lead" if any(place.leads for place in self.places) else "agent"} if self.places else set()
        if Part.SPECIALISTS in self.channels.values():
            found.add("specialist")
        if any(place.team == "council" for place in self.places):
            found.add("council")
        return in_order({*found, *self.more_roles})

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.username}@{DOMAIN}"


_GENERAL = {"general": Part.WORKERS}
_SENIOR = {"general": Part.SPECIALISTS}
_BRAND = {"general": Part.WORKERS, "counterfeit": Part.SPECIALISTS}
_TRUST = {"general": Part.SPECIALISTS, "counterfeit": Part.SPECIALISTS}
_FRAUD = {"general": Part.SPECIALISTS, "fraud": Part.SPECIALISTS}
_LEGAL = {"general": Part.SPECIALISTS, "legal": Part.SPECIALISTS}
_ALL = dict.fromkeys(("general", "counterfeit", "fraud", "legal"), Part.SPECIALISTS)


def _one(username: str, name: str, *places: Place, **more: object) -> Colleague:
    first, _, last = name.partition(" ")
    return Colleague(username, first, last, places, **more)  # type: ignore[arg-type]


P = Place
CAST: tuple[Colleague, ...] = (
    # ----------------------------------------------------------------------------------------------- buyers' side
    _one("mia", "Mia Lindqvist", P("buyer-care", "L1", 14, ("mediation",)), languages=("en", "de"),
         shows="an agent of Buyer care: her work in the order to do it, one case about to climb out of her hands"),
    _one("jon", "Jon Okafor", P("buyer-care", "L1", 14, ("mediation",)), timezone="Europe/London"),
    _one("lucia", "Lucía Carranza", P("buyer-care", "L1", 12, ("mediation",)), languages=("es", "en"),
         timezone="Europe/Madrid"),
    _one("ana", "Ana Ferreira", P("buyer-care", "L2", 10, ("mediation",), leads=True), languages=("en", "es", "de"),
         channels=_SENIOR, shows="leads Buyer care: her team's queue, what is late, load, remedies to decide"),
    _one("ruth", "Ruth Adeyemi", P("buyer-care", "L3", 6, ("mediation",), leads=True),
         P("delivery", "L3", 6, ("returns",), leads=True), timezone="Europe/London", channels=_SENIOR,
         more_roles=("supervisor",),
         shows="supervises (L3): the radar over Buyer care and Delivery, the load of all teams, the engine's pages"),
    _one("tomasz", "Tomasz Wrona", P("delivery", "L1", 14, ("parcels", "returns")), languages=("en", "de"),
         timezone="Europe/Warsaw"),
    _one("leila", "Leila Haddad", P("delivery", "L1", 14, ("parcels", "carrier-claims")), languages=("en", "es"),
         timezone="Europe/Paris"),
    _one("bea", "Bea Thornley", P("delivery", "L1", 12, ("returns",)), timezone="Europe/London"),
    _one("hannes", "Hannes Dreyer", P("delivery", "L2", 12, ("carrier-claims", "returns", "parcels"), leads=True),
         languages=("de", "en"), channels=_SENIOR),
    _one("pia", "Pia Sommerfeld", P("payments", "L1", 12, ("refunds", "payment-providers")), languages=("de", "en")),
    _one("kofi", "Kofi Mensah", P("payments", "L1", 12, ("refunds", "bank-transfers", "chargebacks")),
         timezone="Europe/London"),
    _one("leo", "Leo Castellani", P("payments", "L2", 10, ("chargebacks", "bank-transfers", "refunds"), leads=True),
         languages=("en", "es"), timezone="Europe/Rome", channels=_SENIOR),
    _one("margit", "Margit Aalto", P("payments", "L3", 5, ("chargebacks",), leads=True),
         P("seller-finance", "L3", 5, ("payouts",), leads=True), timezone="Europe/Helsinki", channels=_SENIOR),
    # ---------------------------------------------------------------------------------------------- sellers' side
    _one("noor", "Noor Rahmani", P("seller-care", "L1", 12, ("mediation",)), languages=("en", "de")),
    _one("bruno", "Bruno Valdés", P("seller-care", "L2", 10, ("mediation",), leads=True), languages=("es", "en"),
         timezone="Europe/Madrid", channels=_SENIOR),
    _one("gregor", "Gregor Ilić", P("seller-care", "L3", 5, ("mediation",), leads=True),
         P("seller-standards", "L3", 6, ("appeals", "second-review"), leads=True), languages=("en", "de"),
         channels=_SENIOR),
    _one("yuki", "Yuki Haradano", P("seller-finance", "L1", 12, ("fees", "payouts", "tax")), timezone="Asia/Tokyo"),
    _one("stefan", "Stefan Kröger", P("seller-finance", "L2", 12, ("payouts", "fees"), leads=True),
         languages=("de", "en", "es"), channels=_SENIOR),
    _one("amara", "Amara Nwosu", P("seller-standards", "L1", 12, ("listings", "verification", "seller-tools"))),
    _one("carla", "Carla Benassi", P("seller-standards", "L2", 10, ("appeals", "verification")),
         languages=("en", "de", "es"), timezone="Europe/Rome", channels=_SENIOR),
    _one("ivan", "Ivan Horvat", P("seller-standards", "L2", 10, ("appeals", "listings")), languages=("en", "de"),
         timezone="Europe/Zagreb", channels=_SENIOR),
    # ----------------------------------------------------------------------------------------- accounts, people, marks
    _one("sam", "Sam Whitlock", P("account-security", "L1", 12, ("account-recovery",)), timezone="America/New_York"),
    _one("priya", "Priya Raman", P("account-security", "L2", 12, ("account-recovery",)), languages=("en", "de", "es"),
         timezone="Asia/Kolkata", channels=_SENIOR),
    _one("oskar", "Oskar Lund", P("account-security", "L2", 10, ("account-recovery",), leads=True),
         languages=("en", "de"), timezone="Europe/Stockholm",
         channels={"general": Part.SPECIALISTS, "fraud": Part.WORKERS}),
    _one("tia", "Tia Koroma", P("trust-safety", "L1", 12, ("harm", "reviews", "listings")), channels=_BRAND,
         timezone="Africa/Freetown"),
    _one("aiko", "Aiko Morita", P("trust-safety", "L2", 12, ("product-safety", "harm", "content-law")),
         channels=_TRUST, timezone="Asia/Tokyo"),
    _one("max", "Max Feldmann", P("trust-safety", "L2", 10, ("product-safety", "harm"), leads=True),
         languages=("de", "en"), channels={**_TRUST, "legal": Part.WORKERS}),
    _one("ines", "Ines Duarte", P("trust-safety", "L3", 6, ("product-safety",), leads=True),
         P("account-security", "L3", 6, ("account-recovery",)), timezone="Europe/Lisbon", channels=_ALL),
    _one("paloma", "Paloma Ibarra", P("brand-protection", "L1", 3, ("brands", "ip-rights")), languages=("es", "en"),
         timezone="Europe/Madrid", channels=_BRAND),
    _one("marco", "Marco Ventresca", P("brand-protection", "L2", 3, ("brands", "product-safety"), leads=True),
         languages=("en", "es", "de"), timezone="Europe/Rome", channels=_TRUST),
    # --------------------------------------------------------------------------------------------- fraud, law, council
    _one("dario", "Dario Contarini", P("fraud", "L2", 12, ("fraud-analysis", "chargebacks", "reviews")),
         timezone="Europe/Rome", channels=_FRAUD,
         shows="a fraud specialist: restricted cases, and rules that others read as 'restricted rule'"),
    _one("nadia", "Nadia Petrenko", P("fraud", "L2", 10, ("fraud-analysis",), leads=True), timezone="Europe/Kyiv",
         channels=_FRAUD),
    _one("victor", "Victor Sandahl", P("fraud", "L3", 6, ("fraud-analysis",), leads=True), channels=_FRAUD,
         timezone="Europe/Stockholm"),
    _one("clara", "Clara Weidmann", P("legal-privacy", "L2", 10, ("privacy", "authorities")), languages=("de", "en"),
         channels=_LEGAL),
    _one("henrik", "Henrik Solberg", P("legal-privacy", "L3", 8, ("litigation", "press", "privacy"), leads=True),
         timezone="Europe/Oslo", channels=_LEGAL),
    _one("eleanor", "Eleanor Brightwell", P("council", "L4", 12, ("second-review",), leads=True), channels=_ALL,
         timezone="Europe/London"),
    _one("rafael", "Rafael Montalvo", P("council", "L4", 12, ("second-review",)), languages=("es", "en"),
         timezone="Europe/Madrid", channels=_ALL),
    # ------------------------------------------------------------------------------------- beside the work on cases
    _one("vera", "Vera Lindholm", channels={}, more_roles=("auditor",), timezone="Europe/Stockholm",
         shows="an auditor: the access log and what is unusual in it; works on no case"),
    _one("noa", "Noa Brunner", channels={}, more_roles=("onboarding",),
         shows="starts next month: reads the playbook, and does not enter the desk yet"),
    # -------------------------------------------------------------------------------------------------- administrators
    _one("admin", "Ada Kern", channels={}, administers=True,
         shows="administers people, channels and the engine; sees no cases: nobody does without a reason"),
    _one("ops", "Otto Brandvold", channels={}, administers=True),
)  # fmt: skip

#: Who decides who belongs to a channel: two each, because one asks and another one confirms.
OWNERS: Mapping[str, tuple[str, str]] = {
    "general": ("ruth", "gregor"),
    "counterfeit": ("marco", "ines"),
    "fraud": ("victor", "nadia"),
    "legal": ("henrik", "clara"),
}

#: Who is on call, week by week; the last one holds the role now, and until somebody else does.
ON_CALL: Mapping[str, tuple[str, ...]] = {
    "duty-lead": ("hannes", "ruth", "ana"),
    "payments-on-call": ("margit", "leo"),
    "security-on-call": ("ines", "oskar"),
    "safety-on-call": ("ines", "max"),
    "fraud-on-call": ("victor", "nadia"),
    "legal-on-call": ("clara", "henrik"),
    "council-on-call": ("rafael", "eleanor"),
}

AWAY, STANDS_IN = "ivan", "carla"

#: Where further people join when many cases are asked for, in turn.
_MORE: tuple[tuple[Place, Mapping[str, str]], ...] = (
    (P("delivery", "L1", 14, ("parcels", "returns")), _GENERAL),
    (P("buyer-care", "L1", 14, ("mediation",)), _GENERAL),
    (P("payments", "L1", 14, ("refunds", "bank-transfers", "payment-providers")), _GENERAL),
    (P("seller-standards", "L2", 12, ("appeals", "listings", "verification")), _SENIOR),
    (P("trust-safety", "L2", 12, ("product-safety", "harm", "content-law", "reviews")), _TRUST),
    (P("seller-finance", "L1", 14, ("payouts", "fees", "tax")), _GENERAL),
    (P("delivery", "L2", 12, ("carrier-claims", "parcels", "returns")), _SENIOR),
    (P("fraud", "L2", 12, ("fraud-analysis", "chargebacks")), _FRAUD),
    (P("account-security", "L2", 12, ("account-recovery",)), _SENIOR),
    (P("buyer-care", "L2", 12, ("mediation",)), _SENIOR),
    (P("seller-care", "L1", 14, ("mediation",)), _GENERAL),
    (P("payments", "L2", 12, ("chargebacks", "refunds")), _SENIOR),
    (P("brand-protection", "L1", 6, ("brands", "ip-rights")), _BRAND),
    (P("legal-privacy", "L2", 10, ("privacy", "litigation", "authorities")), _LEGAL),
    (P("council", "L4", 12, ("second-review",)), _ALL),
)
CASES_OF_THE_CAST = 200
"""Cases that the people above manage; for every dozen more somebody joins."""


def colleagues(cases: int, seed: int) -> list[Colleague]:
    """The people for so many cases: the cast, and beyond its measure others, the same for the same numbers."""
    rng = random.Random(f"colleagues {seed}")
    found = list(CAST)
    taken = {item.username for item in found}
    for number in range(max(0, cases - CASES_OF_THE_CAST) // 12):
        place, parts = _MORE[number % len(_MORE)]
        who = names.person(rng, rng.choice(("gb", "eu", "eu-de", "eu-es", "in", "global")))
        username = f"{names.plain(who.first)}.{names.plain(who.last)}"
        while username in taken:
            username += str(rng.randrange(10))
        taken.add(username)
        languages = ("en", *rng.choice(((), ("de",), ("es",), ("de", "es"))))
        found.append(Colleague(username, who.first, who.last, (place,), languages, channels=parts))
    return found


class Cast:
    """The people in the database, each read once: their rights are looked up once and then remembered."""

    def __init__(self) -> None:
        rows = User.objects.filter(email__endswith=f"@{DOMAIN}")
        self._by_name = {row.username: row for row in rows}
        self._by_id = {row.pk: row for row in self._by_name.values()}

    def named(self, username: str) -> User:
        """Somebody of the cast by username."""
        return self._by_name[username]

    def by_id(self, pk: int) -> User:
        """Somebody of the cast by id; anybody else of the desk is fetched."""
        if pk not in self._by_id:
            self._by_id[pk] = User.objects.get(pk=pk)
        return self._by_id[pk]

    def __len__(self) -> int:
        return len(self._by_name)


def set_up(*, everybody: Sequence[Colleague], now: dt.datetime, since: dt.datetime, password: str) -> Cast:
    """Bring people to the desk: accounts, roles, memberships from `since` on, channels, on-call shifts, an absence.

    All have the same `password`, hashed once. People who are there already are left as they are.
    """
    cast = Cast()
    fresh = [item for item in everybody if item.username not in cast._by_name]
    hashed = make_password(password)
    User.objects.bulk_create(
        User(
            username=item.username,
            first_name=item.first,
            last_name=item.last,
            email=item.email,
            password=hashed,
            is_staff=item.administers,
            is_superuser=item.administers,
            timezone=item.timezone,
            date_joined=since,
        )
        for item in fresh
    )
    cast = Cast()
    admin = cast.named(next(item.username for item in CAST if item.administers))
    keys = {
        model: dict(model.objects.values_list("key", "pk"))  # type: ignore[attr-defined]
        for model in (Team, Level, Specialism, Role, Channel)
    }
    for item in fresh:
        roles.set_roles(
            person_id=cast.named(item.username).pk, roles=item.roles, actor=admin, now=since, origin="admin"
        )
        for place in item.places:
            people.set_membership(
                person_id=cast.named(item.username).pk,
                team_id=keys[Team][place.team],
                level_id=keys[Level][place.level],
                leads=place.leads,
                capacity=place.capacity,
                specialism_ids=[keys[Specialism][key] for key in place.skills],
                languages=item.languages,
                actor=admin,
                now=since,
            )
    cast = Cast()  # anew: their roles have let them in
    _join_channels(fresh, cast, keys[Channel], since)
    if len(fresh) == len(everybody):
        _shifts(cast, keys[Role], admin, now, since)
        _absence(cast, now)
    return cast


def _join_channels(fresh: Sequence[Colleague], cast: Cast, ids: Mapping[str, int], at: dt.datetime) -> None:
    """Everybody enters through the door: an owner asks, the other one confirms. Administrators name the first two."""
    ask, confirm = (cast.named(item.username) for item in CAST if item.administers)
    for key, owners in OWNERS.items():
        if User.objects.filter(groups__name=channels.group_name(key, Part.OWNERS)).exists():
            continue
        # Both are asked for before the first is in: from then on administrators have no say here.
        asked = [
            channels.ask(
                channel_id=ids[key],
                person_id=cast.named(name).pk,
                part=Part.OWNERS,
                reason="Looks after this channel.",
                actor=ask,
                now=at,
            )
            for name in owners
        ]
        channels.decide(request_id=asked[0].pk, approve=True, actor=confirm, now=at)
        channels.decide(request_id=asked[1].pk, approve=True, actor=User.objects.get(username=owners[0]), now=at)
    for key, owners in OWNERS.items():
        first, second = (User.objects.get(username=name) for name in owners)
        for item in fresh:
            if key not in item.channels:
                continue
            # Whoever enters never decides on it themselves, so the second owner asks and the first one confirms.
            asks, decides = (second, first) if item.username == owners[1] else (first, second)
            request = channels.ask(
                channel_id=ids[key],
                person_id=cast.named(item.username).pk,
                part=item.channels[key],
                reason=f"Works in {item.places[0].team}.",
                actor=asks,
                now=at,
            )
            channels.decide(request_id=request.pk, approve=True, actor=decides, now=at)


def _shifts(cast: Cast, ids: Mapping[str, int], admin: User, now: dt.datetime, since: dt.datetime) -> None:
    for role, holders in ON_CALL.items():
        begins = since
        for number, name in enumerate(holders):
            last = number == len(holders) - 1
            # A week each, counted back from now; the first one has had it all the time before.
            ends = None if last else _monday(now) - dt.timedelta(weeks=len(holders) - 2 - number)
            people.set_on_call(
                role_id=ids[role],
                person_id=cast.named(name).pk,
                starts_at=begins,
                ends_at=ends,
                actor=admin,
                now=since,
            )
            begins = ends or begins


def _monday(now: dt.datetime) -> dt.datetime:
    day = now - dt.timedelta(days=now.weekday())
    return day.replace(hour=7, minute=0, second=0, microsecond=0)


def _absence(cast: Cast, now: dt.datetime) -> None:
    person, by = cast.named(AWAY), cast.named(STANDS_IN)
    people.set_absence(
        person_id=person.pk,
        starts_at=now - dt.timedelta(days=2, hours=4),
        ends_at=now + dt.timedelta(days=5),
        note="On holiday",
        covered_by_id=by.pk,
        actor=person,
        now=now - dt.timedelta(days=9),
    )
