"""Sellers and their standing: suspended, unlisted, rated, verified."""

from __future__ import annotations

from escalations.demo.story import (
    WORTH,
    answer,
    close,
    decide,
    escalate,
    give,
    got,
    hears,
    note,
    of_seller,
    pause,
    resolve,
)

STORIES = (
    of_seller(
        "appeal-performance",
        "seller.suspension-appeal",
        "suspended-performance",
        "Appeal: suspended for late dispatch after a fire in the next house",
        "The street was closed for nine days, the fire brigade can confirm it. Ninety-one orders were late because of "
        "that and for no other reason. We have eleven people here.",
        facts={"seller_tier": "standard", "previous_appeals": 0},
        steps=(
            answer(
                70,
                "Your appeal is with somebody who did not take the first decision. Please send what the fire "
                "brigade or the town has written; a newspaper will do for a start.",
            ),
            got(30, "decision-file", "Suspended by score alone, no person looked."),
            hears(900, "Letter of the town and two pictures attached."),
            got(20, "statement", "Statement and letter of the town."),
            got(5, "cure-proof", "Street open since {ordered}, dispatch on time since."),
            note(40, "Carrier confirms: no collection in that street for nine days."),
            give(30, "suspension-lift", None, "Not the seller's doing; the nine days do not count."),
            resolve(
                15,
                "decision-wrong-facts",
                "The suspension is lifted as of now, and the nine days are taken out "
                "of your score. I am sorry that a machine decided this alone.",
            ),
            hears(300, "Thank you. We open again tomorrow."),
        ),
    ),
    of_seller(
        "appeal-funds-held",
        "seller.suspension-appeal",
        "suspended-policy",
        "Suspended, and {amount} of mine are held",
        "You say 'conduct'. Nobody tells me which. Salaries are due on Friday.",
        worth=(1400, 6800),
        facts={"previous_appeals": 0, "seller_tier": "top"},
        signals={"money_at_risk": {"value": WORTH, "state": "verified"}},
        steps=(
            answer(
                60,
                "You have a right to know which. It is about two messages that asked buyers to pay outside. "
                "Please tell me your side of them; the balance I look at separately, today.",
            ),
            got(45, "decision-file", "Two messages of one employee, both on one day."),
            hears(600, "That was a new employee, I have shown him the rules. It stopped that day."),
            got(15, "statement", "Owner's statement."),
            note(30, "No further message in four weeks. Held sum is far above what buyers could claim back."),
            give(20, "payout-release", 0.8, "Beyond what buyers could claim back."),
            decide(180, True, "Release the part that is above all open orders."),
            give(30, "suspension-lift", None, "Cause is cured."),
            resolve(
                10,
                "cured",
                "Suspension lifted, eighty per cent of the balance is on its way, the rest follows "
                "when the open orders have arrived.",
            ),
        ),
    ),
    of_seller(
        "appeal-linked",
        "seller.suspension-appeal",
        "suspended-linked",
        "Suspended as 'linked to another account'",
        "I have one shop and always had one. My cousin has another one. Is having a cousin forbidden?",
        facts={"previous_appeals": 0},
        steps=(
            answer(60, "It is not. I check what links the two; please understand that I cannot tell you all of it."),
            got(90, "decision-file", "Shared address and one shared payout account in spring."),
            got(10, "statement", "Both shops in one courtyard; the payout account was the father's."),
            note(45, "Two businesses, two registers, one courtyard. Payout account changed since."),
            give(10, "suspension-lift", None, "One family, no ring."),
            decide(120, True, "Agreed, link is explained."),
            resolve(
                10, "decision-wrong-facts", "Your shop is open again. The other account is no longer counted as yours."
            ),
        ),
    ),
    of_seller(
        "appeal-again",
        "seller.suspension-appeal",
        "suspended-policy",
        "Second appeal: knives are tools",
        "You refused my first appeal with one sentence. I sell kitchen knives, not weapons.",
        facts={"previous_appeals": 1, "seller_tier": "standard"},
        steps=(
            answer(
                90,
                "A second appeal goes to somebody higher who has not decided before; that is me. I read all of "
                "it, not only the first refusal.",
            ),
            got(60, "decision-file", "First refusal quotes the wrong paragraph."),
            got(15, "statement", "Catalogue of 40 kitchen knives."),
            escalate(
                30,
                "policy_conflict",
                "Listing rules allow kitchen knives, the weapons rule counts blades above 12 cm. Both apply.",
                kind="policy_conflict",
            ),
            note(200, "Council: kitchen use counts, length does not. To be written down."),
            give(20, "suspension-lift", None, "The wrong rule was used."),
            resolve(
                10,
                "decision-wrong-rule",
                "You were right, and the first answer was wrong. Your shop is open, and "
                "the rule gets a clearer sentence.",
            ),
        ),
    ),
    of_seller(
        "appeal-upheld",
        "seller.suspension-appeal",
        "suspended-verification",
        "Give me my shop back",
        "You want papers that nobody else wants.",
        facts={"previous_appeals": 0, "seller_tier": "new"},
        steps=(
            answer(
                80,
                "The register extract is what the law asks of every marketplace, ours included. With it the "
                "shop can open the same day.",
            ),
            got(20, "decision-file", "Three reminders, no extract."),
            pause(10, "waiting-party", "Register extract, asked for in the message of today."),
            hears(2500, "I do not have one. I thought I do not need one."),
            got(10, "statement", "Says that there is no registered business."),
            note(15, "Turnover is far beyond what is private."),
            resolve(
                20,
                "decision-right",
                "Without a registered business you may not sell in this volume, here or "
                "elsewhere. Your chamber of commerce helps with registering; come back with the extract at any "
                "time.",
            ),
        ),
    ),
    of_seller(
        "listing-wrong-match",
        "seller.listing-removed",
        "removed-by-mistake",
        "My own photographs removed as stolen",
        "Listing {listing}. I took these pictures in my kitchen. My cat is in one of them.",
        items=("hand-made mugs", "soy candles", "printed tea towels"),
        steps=(
            answer(45, "The cat convinces me, and the raw files would convince everybody. Could you send one?"),
            got(20, "listing", "Match with a shop that copied the pictures later."),
            hears(180, "Here, with date."),
            got(5, "papers", "Raw file, older than the other listing."),
            give(3, "listing-restore", None, "Her own pictures."),
            resolve(
                5, "matched-wrongly", "Your listing is back, and the one that copied it is gone. Greetings to the cat."
            ),
            close(30),
        ),
    ),
    of_seller(
        "listing-brand",
        "seller.listing-removed",
        "removed-trademark",
        "{brand} bags removed, I am an authorised dealer",
        "Contract attached. You removed forty listings overnight, a week before the season.",
        worth=(100, 145),
        steps=(
            answer(
                70,
                "I have your contract and ask {brand} today whether it is still in force; they usually answer "
                "within a day. Until then the listings are kept, not deleted.",
            ),
            got(20, "listing", "40 listings, one complaint for all."),
            got(5, "papers", "Dealer contract until next June."),
            hears(1200, "Every day costs me. Please hurry."),
            escalate(
                20,
                "authority",
                "Brand does not answer, contract looks good; keeping the listings down needs a decision.",
            ),
            note(90, "{brand}: complaint was meant for another dealer, withdrawn."),
            give(10, "listing-restore", None, "Complaint withdrawn."),
            give(15, "fee-credit", 0.6, "Four days off sale."),
            resolve(
                10,
                "complaint-withdrawn",
                "All forty are back, and {brand} has apologised in writing. The fees of these days are credited.",
            ),
        ),
    ),
    of_seller(
        "listing-rule-right",
        "seller.listing-removed",
        "removed-rule",
        "Vitamins removed, others may sell them",
        "The same bottle is offered by six others.",
        steps=(
            answer(
                80,
                "The bottle may be sold, but not with the sentence 'cures a cold'. The other six do not have "
                "it; I have looked.",
            ),
            got(5, "listing", "'Cures a cold' in the title."),
            resolve(10, "rule-right", "Take the sentence out and put it on sale again; it passes then."),
        ),
    ),
    of_seller(
        "score-late",
        "seller.performance-score",
        "late-counted",
        "Parcels counted as late that the carrier scanned late",
        "{days} parcels handed over on Saturday were scanned on Monday. Your score says late.",
        steps=(
            answer(120, "Saturday counts when the receipt of the depot says Saturday. Could you send the receipts?"),
            hears(1500, "All attached."),
            got(20, "orders", "Receipts of the depot, all of Saturday."),
            got(15, "metrics", "Counted by first scan."),
            give(10, "correction", None, "By the receipts."),
            resolve(5, "carrier-fault", "The parcels count as in time now. Your score is back where it was."),
        ),
    ),
    of_seller(
        "score-rating",
        "seller.performance-score",
        "rating-unfair",
        "One star because the buyer cannot read",
        "'Too small.' The size is in the title!",
        steps=(
            answer(
                150,
                "A rating is the buyer's opinion, and opinions stay, even unfair ones. You can answer it in "
                "public; a calm answer often sells more than five stars.",
            ),
            got(10, "orders", "{order}"),
            got(10, "metrics", "One rating of 412."),
            resolve(30, "counted-right", "It counts as one of 412, so your score has moved by a hundredth."),
        ),
    ),
    of_seller(
        "verification-rejected",
        "seller.verification",
        "papers-rejected",
        "Papers rejected as 'unreadable', twice",
        "I can read them. My bank can read them. Your machine cannot.",
        facts={"previous_contacts": 1},
        steps=(
            answer(
                40,
                "Then a person reads them: me. Please send them once more by the safe form, and no third time "
                "after that.",
            ),
            hears(200, "Sent."),
            got(15, "papers", "Readable, complete."),
            got(5, "check-log", "Rejected for a stamp over the date."),
            give(3, "correction", None, "Checked by eye."),
            resolve(
                5, "papers-unreadable", "You are verified. It was the stamp over the date; that is not your fault."
            ),
        ),
    ),
    of_seller(
        "verification-third",
        "seller.verification",
        "no-answer",
        "No answer for three weeks, third time I write",
        "I have paid for a warehouse that stands empty.",
        facts={"previous_contacts": 2, "seller_tier": "new"},
        steps=(
            answer(
                35,
                "Three weeks are far too long, and I do not send you to a queue again: I read your papers now "
                "and write today.",
                promise_h=5,
            ),
            got(60, "check-log", "Waited for an owner's paper that was there all the time."),
            got(5, "papers", "Complete since {ordered}."),
            give(10, "correction", None, "Papers were complete."),
            resolve(
                5,
                "our-delay",
                "You are verified and can sell. The first month's fee is not charged; I have "
                "arranged that with Seller finance.",
            ),
        ),
    ),
    of_seller(
        "verification-name",
        "seller.verification",
        "name-mismatch",
        "Name of the owner is spelt differently in two registers",
        "One office writes it with an accent, the other one without.",
        steps=(
            answer(60, "That happens often and is no obstacle. I need one paper that shows both."),
            pause(5, "waiting-evidence", "Paper with both spellings, asked for by message."),
            hears(3100, "Took me a while: the notary has written one."),
            got(20, "papers", "Notary's paper with both spellings."),
            got(5, "check-log", "Stopped at the accent."),
            give(2, "correction", None, "Same person."),
            resolve(5, "register-outdated", "Verified. Both spellings are stored, so it does not happen again."),
        ),
    ),
)
