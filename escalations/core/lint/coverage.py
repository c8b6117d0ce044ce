"""Gaps: nobody to cover, nothing promised, guarded cases that get out, words or money missing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from escalations.core.calendar import Calendar, CalendarError
from escalations.core.lint.finding import Cell, Finding, Map, Path, some, span, surely_later
from escalations.core.matrix.compiled import every_test
from escalations.core.policy import TARGET_KINDS, RemedyPolicy, Target, TargetKind


def findings(places: Map) -> Iterator[Finding]:
    """What is missing in categories, targets, channels, calendars, messages, remedies, pauses and signals."""
    yield from _backups(places)
    yield from _targets(places)
    yield from _channels(places)
    yield from _calendars(places)
    yield from _messages(places)
    yield from _remedies(places)
    yield from _pauses(places)
    yield from _signals(places)


def _backups(places: Map) -> Iterator[Finding]:
    central = places.policy.central
    for code, category in central.categories.items():
        if not category.backups and len(central.teams) > 1:
            yield Finding(
                "warning",
                "no-backup",
                ("central", "categories", code, "backups"),
                f"nobody covers {code} when {category.owner} is away or at its limit; name a backup",
            )
    own: dict[tuple[str, str], set[str]] = {}
    for cell, standing in places.standings.items():
        if standing.values["owner"] in standing.values["backups"]:
            origin = standing.origins["owner"].partition(":")[2]
            own.setdefault((cell.category, standing.values["owner"]), set()).add(origin or cell.region)
    for (code, owner), regions in own.items():
        yield Finding(
            "warning",
            "backs-itself",
            ("variants", min(regions), "categories", code),
            f"{owner} owns {code} in {some(regions)} and is its backup too; name other backups there",
        )
    for rule, path, region in places.rules:
        if rule.then.owner is None or rule.then.backups is not None:
            continue
        cells = [
            cell for cell in places.cells(rule, region) if rule.then.owner in places.standings[cell].values["backups"]
        ]
        if cells:
            yield Finding(
                "warning",
                "backs-itself",
                (*path, "then"),
                f"rule {rule.key} makes {rule.then.owner} the owner, which is already the backup of "
                f"{some(cell.category for cell in cells)}; name backups in the rule too",
            )


def _targets(places: Map) -> Iterator[Finding]:
    for kind in TARGET_KINDS:
        lacking = {cell.category for cell, standing in places.standings.items() if kind not in standing.targets}
        if lacking:
            at: Path = (
                ("central", "categories", min(lacking), "targets")
                if len(lacking) == 1
                else ("central", "defaults", "targets")
            )
            yield Finding(
                "error",
                "no-target",
                at,
                f"nothing is promised for {kind} of {some(lacking)}; give a target there or in the defaults",
            )
    for earlier, later in (
        ("assign", "first_response"),
        ("first_response", "resolution"),
        ("next_update", "resolution"),
    ):
        yield from _target_order(places, earlier, later)  # type: ignore[arg-type]


def _target_order(places: Map, earlier: TargetKind, later: TargetKind) -> Iterator[Finding]:
    found: dict[tuple[Target, Target], set[str]] = {}
    for cell, standing in places.standings.items():
        one, other = standing.targets.get(earlier), standing.targets.get(later)
        if one is not None and other is not None and surely_later(one, other):
            found.setdefault((one, other), set()).add(cell.category)
    for (one, other), categories in found.items():
        yield Finding(
            "warning",
            "target-order",
            ("central", "categories", min(categories), "targets"),
            f"{earlier} ({span(one)}) comes after {later} ({span(other)}) for {some(categories)}; "
            f"make {earlier} the shorter",
        )


def _channels(places: Map) -> Iterator[Finding]:
    """Cases of a sensitive channel that a region, a rule or a category below would show to everybody."""
    central = places.policy.central
    sensitive = {key for key, channel in central.channels.items() if channel.sensitive}
    for key, channel in central.channels.items():
        above = [other for other in sensitive if not channel.sensitive and central.channels[other].rank <= channel.rank]
        if above:
            yield Finding(
                "error",
                "channel-rank",
                ("central", "channels", key, "rank"),
                f"channel {key} is open but ranks as strict as {some(above)}, which is sensitive: a trigger could open "
                "a guarded case; rank sensitive channels above open ones",
            )
    for code, category in central.categories.items():
        parent = central.categories.get(code.rpartition(".")[0])
        if parent is not None and parent.channel in sensitive and category.channel not in sensitive:
            yield Finding(
                "warning",
                "opens",
                ("central", "categories", code, "channel"),
                f"{code} is in the open channel {category.channel}, but {code.rpartition('.')[0]} above it is guarded "
                f"by {parent.channel}; put it there too, or mean it",
            )
    for cell, standing in places.standings.items():
        if central.categories[cell.category].channel in sensitive and standing.values["channel"] not in sensitive:
            opener = standing.origins["channel"].partition(":")[2]
            yield Finding(
                "error",
                "opens",
                ("variants", opener, "categories", cell.category, "channel"),
                f"{cell.category} is sensitive, but goes to the open channel {standing.values['channel']} in "
                f"{cell.region}; keep it guarded",
            )
    for rule, path, region in places.rules:
        if rule.then.channel is None or rule.then.channel in sensitive:
            continue
        opened: list[Cell] = [
            cell for cell in places.cells(rule, region) if places.standings[cell].values["channel"] in sensitive
        ]
        if opened:
            yield Finding(
                "error",
                "opens",
                (*path, "then", "channel"),
                f"rule {rule.key} takes {some(cell.category for cell in opened)} out of a sensitive channel into "
                f"{rule.then.channel}, where everybody reads it; leave the channel out, or narrow the rule",
            )


def _calendars(places: Map) -> Iterator[Finding]:
    central = places.policy.central
    used = {region.calendar for region in central.regions.values()}
    used |= {team.calendar for team in central.teams.values()}
    used |= {deadline.calendar for deadline in central.statutory.values() if deadline.calendar is not None}
    for key, spec in central.calendars.items():
        path: Path = ("central", "calendars", key)
        try:
            Calendar(spec.timezone, spec.weekly_hours, spec.holidays, spec.date_overrides)
        except CalendarError as error:
            yield Finding("error", "calendar", (*path, *error.place), error.reason)
        if spec.public_holidays is not None and spec.expanded_until is None:
            yield Finding(
                "error",
                "holidays",
                (*path, "public_holidays"),
                f"the public holidays of {spec.public_holidays.country} are not yet dates; compile the edition with a "
                "horizon of years",
            )
        if key not in used:
            yield Finding("warning", "unused", path, f"no region, team or deadline uses calendar {key}; remove it")


def _messages(places: Map) -> Iterator[Finding]:
    central = places.policy.central
    spoken: dict[str, list[str]] = {}
    for key, region in central.regions.items():
        for language in region.languages:
            spoken.setdefault(language, []).append(key)
    for language, regions in spoken.items():
        lacking = [
            occasion
            for occasion, by_language in central.messages.items()
            if language not in by_language and language.partition("-")[0] not in by_language
        ]
        if lacking:
            messages = f"message {lacking[0]} has" if len(lacking) == 1 else f"{len(lacking)} messages have"
            which = "" if len(lacking) == 1 else f" ({some(lacking)})"
            yield Finding(
                "warning",
                "no-words",
                ("central", "messages") if len(lacking) > 1 else ("central", "messages", lacking[0]),
                f"{messages} no text in {language}, which is spoken in {some(regions)}{which}; write it",
            )


def _remedies(places: Map) -> Iterator[Finding]:
    central = places.policy.central
    offered = {remedy for category in central.categories.values() for remedy in category.remedies}
    for key, remedy in central.remedies.items():
        path: Path = ("central", "remedies", key)
        if key not in offered:
            yield Finding("warning", "unused", path, f"no category offers {key}; let one, or remove it")
        if remedy.money:
            yield from _limits(places, key, remedy, (*path, "limits"))


def _limits(places: Map, key: str, remedy: RemedyPolicy, path: Path) -> Iterator[Finding]:
    central = places.policy.central
    most: dict[str, Decimal] = {}
    before: dict[str, tuple[str, Decimal]] = {}
    for level in places.policy.levels_by_rank():
        for currency, amount in remedy.limits[level].by_currency.items() if level in remedy.limits else ():
            lower = before.get(currency)
            if lower is not None and amount < lower[1]:
                yield Finding(
                    "warning",
                    "limits-fall",
                    (*path, level),
                    f"{level} may grant less {key} in {currency} than {lower[0]} below it; a higher level may do "
                    "whatever a lower one may, so raise the limit",
                )
            before[currency] = (level, amount)
            most[currency] = max(most.get(currency, Decimal(0)), amount)
    if not any(most.values()):
        yield Finding("error", "nobody-grants", path, f"nobody may grant {key}: every limit is zero; raise one")
        return
    currencies: dict[str, list[str]] = {}
    for region_key, region in central.regions.items():
        currencies.setdefault(region.currency, []).append(region_key)
    for currency, regions in currencies.items():
        if not most.get(currency):
            yield Finding(
                "warning",
                "nobody-grants",
                path,
                f"nobody may grant {key} in {currency}, the currency of {some(regions)}; give a limit in {currency}",
            )


def _pauses(places: Map) -> Iterator[Finding]:
    for key, reason in places.policy.central.pause_reasons.items():
        if "first_response" in reason.stops:
            yield Finding(
                "warning",
                "pause-before-answer",
                ("central", "pause_reasons", key, "stops"),
                f"{key} stops the clock of the first answer, so a case can look on time with nobody having answered; "
                "stop later clocks only",
            )


def _signals(places: Map) -> Iterator[Finding]:
    read = {test.fact for test in every_test(places.policy)}
    for key, fact in places.policy.central.facts.items():
        if fact.signal and key not in read:
            yield Finding(
                "warning",
                "unread-signal",
                ("central", "facts", key),
                f"people are asked for {key}, but no rule, trigger or deadline reads it; add one, or drop the signal",
            )
