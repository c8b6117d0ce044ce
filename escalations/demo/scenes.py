"""Cases placed by hand: every state is there at any hour, Mia's day looks like a day, and something is about to happen.

Most scenes play in teams that work at every hour, so that a demo loaded on a Sunday night shows them too. Those of
`ABOUT_TO` are timed backwards from the end of loading: their clock, counted in elapsed time, runs out at a given
number of seconds from then, whatever the hour; off hours the ladder asks whoever is on call.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from escalations.core.calendar import Calendar
from escalations.core.policy import Policy
from escalations.demo.acts import Run
from escalations.demo.binding import Binding
from escalations.demo.stories import STORIES
from escalations.demo.story import Step, assign_to, close, hand_off, note, pause, reopen
from escalations.selectors import law

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A story told up to a point. `steps` counts those that are played (None: all), `before` and `after` stand around
    them. It comes in `ago_h` hours before now, or `worked_h` working hours of its region, or so that `span_h` hours are
    over `in_s` seconds from now."""

    story: str
    ago_h: float = 0.0
    steps: int | None = None
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    region: str = ""
    worked_h: float | None = None
    in_s: float | None = None
    span_h: float = 0.0
    assign: bool = True
    happens: str = ""

    def run(self, *, seed: int, number: int, now: dt.datetime, policy: Policy) -> Run:
        """The scene as a run. People work at an even pace in it, so that it comes to the same point each time."""
        rng = random.Random(f"scene {seed} {number} {self.story}")
        if self.in_s is not None:
            opens = now + dt.timedelta(seconds=self.in_s - self.span_h * HOUR)
        elif self.worked_h is not None:
            calendar = law.policy_calendar(policy, policy.central.regions[self.region].calendar)
            opens = worked_before(now, self.worked_h, calendar)
        else:
            opens = now - dt.timedelta(hours=self.ago_h)
        story = STORIES[self.story]
        binding = Binding.of(story, rng=rng, received=opens, policy=policy, region=self.region)
        steps = (*self.before, *story.steps[: self.steps], *self.after)
        return Run(binding, opens.replace(microsecond=0), steps, rng, pace=0.75, assign=self.assign)


ABOUT_TO: tuple[Scene, ...] = (
    Scene("described-quality", steps=4, before=(assign_to(4, "mia"),), region="gb", in_s=55, span_h=24,
          happens="leaves Mia and goes up to Buyer care L2: 24 hours are over"),
    Scene("safety-charger", steps=0, after=(note(6, "Called twice, nobody answers. Listing is off sale."),),
          region="eu", in_s=70, span_h=1, happens="is late with the first answer, and the safety ladder begins"),
    Scene("takeover-orders", steps=0, region="us", in_s=45, span_h=0.5,
          happens="half of the time for the first answer is over: a warning"),
    Scene("parcel-lost", steps=1, region="eu-de", in_s=100, span_h=24,
          happens="goes up to Delivery and returns L2: 24 hours are over"),
)  # fmt: skip
"""What happens within two minutes after loading: a rung, a breach with a rung, a warning, a rung."""

SOON: tuple[Scene, ...] = (
    Scene("takeover-no", steps=2, region="gb", in_s=4 * 60, span_h=4, happens="its lead is reminded after 4 hours"),
    Scene("parcel-never-sent", steps=2, region="eu", in_s=8 * 60, span_h=24,
          happens="goes up to Delivery and returns L2"),
    Scene("stolen-card-testing", steps=3, region="us", in_s=13 * 60, span_h=12,
          happens="goes up to the head of Fraud investigations"),
    Scene("cancel-price-mistake", steps=1, before=(assign_to(3, "mia"),), region="gb", in_s=21 * 60, span_h=24,
          happens="leaves Mia and goes up to Buyer care L2"),
    Scene("return-deduction", steps=3, region="gb", in_s=34 * 60, span_h=48,
          happens="goes up to the head of Delivery and returns"),
)  # fmt: skip
"""What happens in the half hour after that."""

STANDING: tuple[Scene, ...] = (
    # A state each.
    Scene("cancel-no-answer", ago_h=20 / HOUR, steps=0, region="gb", assign=False),
    Scene("lure-false-support", ago_h=2, steps=4, region="gb"),
    Scene("harassment-insults", ago_h=5, steps=5, before=(assign_to(2, "tia"),), region="gb"),
    Scene("locked-by-check", ago_h=2.5, region="eu",
          after=(reopen(20, "It has locked me out again, at the very same place. Please look once more."),)),
    Scene("locked-phone-lost", ago_h=1.5, steps=2, region="us"),
    Scene("takeover-orders", ago_h=1, steps=2, region="gb"),
    Scene("de-konto-gesperrt", ago_h=6),
    Scene("takeover-no", ago_h=140, region="in", after=(close(30),)),
    Scene("parcel-twice-asked", ago_h=74, region="gb"),
    Scene("safety-misuse", ago_h=3, steps=2, region="eu",
          after=(hand_off(10, "brand-protection", "The mark under the foot looks copied. Is the holder a fake?"),)),
    # Brand protection is small and full: what comes in there waits.
    Scene("fake-by-brand", ago_h=22, steps=1),
    Scene("rights-pictures", ago_h=21, steps=1),
    Scene("fake-price", ago_h=20, steps=2),
    Scene("de-faelschung", ago_h=19, steps=1),
    Scene("fake-genuine", ago_h=17, steps=1),
    Scene("rights-rival", ago_h=14, steps=1),
    Scene("described-fake", ago_h=11, steps=1),
    Scene("fake-price", ago_h=7, steps=0),
    Scene("fake-by-brand", ago_h=2, steps=0),
    # Mia's day, and her lead's.
    Scene("described-expectation", ago_h=110, steps=1, before=(assign_to(5, "mia"),), region="gb",
          after=(pause(5, "waiting-party", "Whether she wants to return it, asked in the message of today."),)),
    Scene("cancel-no-answer", worked_h=2.7, steps=0, before=(assign_to(4, "mia"),), region="gb"),
    Scene("cancel-sent-anyway", worked_h=1.3, steps=0, before=(assign_to(3, "mia"),), region="gb"),
    Scene("lure-pay-outside", ago_h=5, steps=3, region="gb",
          after=(Step("hand_off", 10, "Nothing was paid, the seller is dealt with. She asks what a safe offer looks "
                      "like; please answer her.", data={"team": "buyer-care", "username": "mia"}),)),
    Scene("described-wrong-size", ago_h=17, steps=1, before=(assign_to(6, "mia"),), region="gb",
          after=(pause(5, "waiting-party", "Asked for a picture of the label, message of today."),)),
    Scene("described-large", ago_h=18, steps=6, before=(assign_to(5, "mia"),), region="gb"),
    Scene("voucher-rejected", ago_h=16, steps=1, before=(assign_to(5, "mia"),), region="eu"),
    Scene("tools-question", ago_h=19, steps=1, region="gb",
          after=(hand_off(15, "buyer-care", "The buyer has the same question as the seller; please answer her."),)),
    # What few may see, and what law counts.
    Scene("dispute-unknown-order", ago_h=3, steps=5, region="gb"),
    Scene("ring-shared-bank", ago_h=6, steps=4, region="eu"),
    Scene("stolen-card-moving", ago_h=0.7, steps=3, region="us"),
    Scene("appeal-linked", ago_h=20, steps=1, region="eu"),
    Scene("harassment-threat", ago_h=0.6, steps=3, region="gb"),
    Scene("incident-wrong-mail", ago_h=9, steps=2, region="eu"),
    Scene("data-copy", ago_h=70, steps=2, region="eu-de"),
    # Decisions that wait.
    Scene("fee-large", ago_h=21, steps=5, region="gb"),
    Scene("hold-large", ago_h=22, steps=5, region="eu-de"),
    # Waiting, and the party waits for word: the next update is late.
    Scene("refund-by-transfer", ago_h=98, steps=5, region="gb"),
    Scene("parcel-lost", ago_h=118, steps=2, region="us"),
    Scene("es-paquete-perdido", ago_h=122, steps=3, region="eu-es"),
    Scene("claim-refused", ago_h=127, steps=5, region="gb"),
)  # fmt: skip
"""Where cases stand at the moment of loading."""


def worked_before(now: dt.datetime, hours: float, calendar: Calendar) -> dt.datetime:
    """The moment since which a calendar was open for so many hours, to the minute; three weeks back at most."""
    early, late = now - dt.timedelta(days=21), now
    while late - early > dt.timedelta(minutes=1):
        middle = early + (late - early) / 2
        if calendar.elapsed(middle, now) >= hours * 3600:
            early = middle
        else:
            late = middle
    return early
