"""Files of evidence, so that a case shows what was sent: pictures that are drawn and texts that are written here."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from PIL import Image, ImageDraw

from escalations.core.actor import Actor
from escalations.models import Case, Evidence
from escalations.services.files import adding

SIZE = (800, 600)
OF_A_KIND = 2
"""Files for the same item of evidence, at most: each is looked through by a worker of its own."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What is sent for an item of evidence: the name of the file, and how its content is made of a case."""

    name: str
    made: Callable[[Case], bytes]


def add(case_ids: Collection[int], now: dt.datetime) -> int:
    """Add files at `now` to open cases of `case_ids` whose evidence came in, newest first; return how many.

    Whoever the item was asked of has sent it. A worker looks them through, as it does after an upload. Their bytes lie
    outside the database: what is taken back there leaves them to be swept.
    """
    added = 0
    for key, exhibit in EXHIBITS.items():
        rows = Evidence.objects.filter(key=key, state=Evidence.State.RECEIVED, case_id__in=case_ids)
        rows = rows.filter(case__is_open=True, case__assignee__isnull=False)
        for row in rows.select_related("case__assignee").order_by("-case_id")[:OF_A_KIND]:
            case = row.case
            by_party = row.needed_from == "party" or case.assignee is None
            adding.add_file(
                case_id=case.pk,
                actor=Actor.party(case.party_id) if by_party else Actor.user(case.assignee),
                now=now,
                source=io.BytesIO(exhibit.made(case)),
                name=exhibit.name,
                key=key,
                later=True,
            )
            added += 1
    return added


# ------------------------------------------------------------------------------------------------------------ pictures


def _photo(case: Case) -> bytes:
    """A parcel on a table, with a corner that a fall has opened. The number of the case turns it a little."""
    rng = random.Random(f"photo {case.reference}")
    picture = Image.new("RGB", SIZE, (206, 196, 182))
    draw = ImageDraw.Draw(picture)
    for y in range(380, SIZE[1], 4):  # the table, in boards
        shade = rng.randrange(-7, 8)
        draw.rectangle((0, y, SIZE[0], y + 4), fill=(124 + shade, 92 + shade, 66 + shade))
    draw.ellipse((150, 450, 690, 545), fill=(92, 68, 49))
    front, top, side = (184, 141, 92), (205, 163, 113), (153, 114, 71)
    draw.polygon([(190, 230), (520, 250), (520, 500), (190, 480)], fill=front)
    draw.polygon([(190, 230), (330, 160), (640, 176), (520, 250)], fill=top)
    draw.polygon([(520, 250), (640, 176), (640, 410), (520, 500)], fill=side)
    draw.polygon([(330, 239), (376, 241), (508, 169), (462, 167)], fill=(226, 205, 164))  # the tape
    draw.polygon([(330, 239), (376, 241), (376, 330), (330, 328)], fill=(219, 197, 155))
    torn = [(520, 500), (520, 408), (497, 431), (506, 446), (470, 455), (476, 474), (436, 495)]
    draw.polygon(torn, fill=(56, 40, 28))
    draw.line(torn[1:], fill=(236, 214, 178), width=5)
    draw.polygon([(215, 350), (330, 357), (330, 445), (215, 438)], fill=(244, 242, 236))  # the label
    place = 226
    while place < 316:
        wide = rng.choice((2, 3, 5))
        draw.rectangle((place, 404, place + wide, 430), fill=(30, 30, 30))
        place += wide + rng.choice((2, 4))
    for line, length in enumerate((80, 62, 71)):
        draw.rectangle((226, 364 + 12 * line, 226 + length, 368 + 12 * line), fill=(120, 120, 120))
    turned = picture.rotate(rng.uniform(-2.5, 2.5), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    turned.crop((24, 24, SIZE[0] - 24, SIZE[1] - 24)).save(out, "JPEG", quality=80)
    return out.getvalue()


# --------------------------------------------------------------------------------------------------------------- texts


def _tracking(case: Case) -> bytes:
    steps = ("announced by the sender", "taken in at the depot", "sorted", "loaded for delivery", "not met, taken back")
    return _lines(
        f"Tracking history, asked for {case.reference}",
        *(f"{case.opened_at - dt.timedelta(hours=90 - 17 * n):%Y-%m-%d %H:%M}  {step}" for n, step in enumerate(steps)),
    )


def _payments(case: Case) -> bytes:
    rows = (
        f"{case.opened_at - dt.timedelta(minutes=55 - 9 * n):%Y-%m-%d %H:%M},{amount},EUR,{said}"
        for n, (amount, said) in enumerate(
            (("1.00", "authorised"), ("1.00", "authorised"), ("1.00", "refused by the bank"), ("489.00", "held"))
        )
    )
    return _lines("at,amount,currency,result", *rows)


def _statement(case: Case) -> bytes:
    return _lines(
        "Copied from my bank's app:",
        f"{case.opened_at - dt.timedelta(days=2):%d.%m.%Y}   THE MARKETPLACE   card payment   -64,90 EUR",
        "I have not ordered anything for that sum.",
    )


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


EXHIBITS: Mapping[str, Exhibit] = {
    "photos": Exhibit("as-it-came.jpg", _photo),
    "tracking": Exhibit("tracking.txt", _tracking),
    "parcel-state": Exhibit("parcel.txt", _tracking),
    "payment-record": Exhibit("payments.csv", _payments),
    "statement": Exhibit("statement.txt", _statement),
}
"""What is sent, by the item of evidence of the starter playbook that it is sent for."""
