"""Sellers: suspended, unlisted, unpaid, overcharged, deceived by buyers."""

from __future__ import annotations

from escalations.demo.story import (
    WORTH,
    Story,
    accept,
    again,
    answer,
    calm,
    close,
    decide,
    escalate,
    facts,
    give,
    got,
    hand_off,
    hears,
    merge,
    note,
    pause,
    reopen,
    resolve,
    send_back,
    waive,
)


def _seller(key: str, category: str, symptom: str, summary: str, text: str, **more: object) -> Story:
    """A story of a seller, who writes by form or mail and rarely by telephone."""
    given = {"kind": "seller", "sources": ("form", "mail", "form", "phone")} | more
    return Story(key, category, symptom, summary, text, **given)  # type: ignore[arg-type]


STORIES = (
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
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
    _seller(
        "fee-commission",
        "seller.fee-dispute",
        "commission-wrong",
        "Commission of 15 % instead of 8 % on {item}",
        "The tariff says 8 % for books. You charge me for 'home and living'.",
        items=("cookery books", "colouring books", "atlases"),
        worth=(20, 74),
        steps=(
            answer(
                60, "The listing stands under 'home and living', which is why. I work it out again for the books only."
            ),
            got(30, "invoice", "{invoice}, 37 lines."),
            got(10, "tariff", "8 % for books on that day."),
            give(10, "fee-credit", 1, "Seven points too many on 37 lines."),
            resolve(
                5,
                "category-wrong",
                "You get {amount} credited on the next invoice, and the listings are moved to books.",
            ),
        ),
    ),
    _seller(
        "fee-large",
        "seller.fee-dispute",
        "advert-charge",
        "{amount} for adverts I had switched off",
        "Switched off on {ordered}, charged until yesterday. I have a picture of the switch.",
        worth=(160, 720),
        signals={"money_at_risk": WORTH},
        steps=(
            answer(55, "Thank you for the picture. I compare it with our log and come back to you."),
            got(60, "invoice", "{invoice}, nine days after the switch."),
            got(15, "tariff", "Charged per click."),
            note(20, "Switch was off in the log; the campaign's copy kept running."),
            give(10, "fee-credit", 1, "Campaign's copy ran on without the seller's doing."),
            decide(220, True, "Log is clear. Credit, and tell the adverts people."),
            resolve(10, "credit-missing", "You get {amount} back, and the copy of the campaign is off too."),
        ),
    ),
    _seller(
        "fee-refused",
        "seller.fee-dispute",
        "unknown-charge",
        "What is 'service pack'?",
        "Twelve months of it. I never ordered one.",
        worth=(76, 240),
        steps=(
            answer(90, "It was booked on the telephone last November; I listen to the recording before I say more."),
            note(80, "Recording: price said clearly, seller says yes twice."),
            got(5, "invoice", "{invoice}"),
            got(5, "tariff", "Pack at the price said."),
            give(10, "fee-credit", 1, "Seller insists; asked for as goodwill."),
            decide(300, False, "Agreed and used: 31 calls in the year. No credit, but end it today if they wish."),
            resolve(
                10,
                "agreed",
                "It was ordered on the telephone and used 31 times, so the fee stands. I have ended "
                "it for you from today on.",
            ),
        ),
    ),
    _seller(
        "hold-new-seller",
        "seller.payout-hold",
        "reserve",
        "Why do you keep a fifth of my sales?",
        "I am new here and need to buy goods with it.",
        facts={"seller_tier": "new", "funds_held": WORTH},
        worth=(240, 900),
        steps=(
            answer(
                40,
                "For the first ninety days a fifth is kept for refunds; that is the same for everybody. With "
                "tracking on all parcels it falls to a tenth after thirty.",
            ),
            got(5, "hold-reason", "New seller, set by rule."),
            hears(300, "I have tracking on everything since the first day."),
            note(10, "True, 64 of 64."),
            give(10, "payout-release", 0.5, "Tracked in full; down to a tenth."),
            resolve(5, "risk-over", "Then we need not wait: half of the reserve is released today."),
        ),
    ),
    _seller(
        "hold-large",
        "seller.payout-hold",
        "under-review",
        "{amount} under review, no date, no reason",
        "Every week the same sentence. We are a family business and live from this.",
        worth=(11000, 24000),
        facts={"seller_tier": "top", "funds_held": WORTH},
        steps=(
            answer(
                35,
                "A review without a date is none. I find out today who set it and why, and give you a date.",
                promise_h=8,
            ),
            got(60, "hold-reason", "Set by a check on {ordered}, waited for somebody who has left."),
            note(20, "Open orders: a twentieth of what is held."),
            got(15, "dispatch-proof", "All open orders handed over."),
            give(10, "payout-release", 0.9, "The check waited for nobody."),
            decide(260, True, "Release nine tenths now, the rest in a week."),
            resolve(
                10,
                "check-waiting",
                "Nine tenths are on their way, the rest follows on Monday. The check had "
                "waited for somebody who no longer works here. That must not happen, and I have said so.",
            ),
            hears(200, "You have no idea what that means for us. Thank you."),
        ),
    ),
    _seller(
        "hold-after-suspension",
        "seller.payout-hold",
        "after-suspension",
        "Shop closed itself, money still held",
        "I gave up my shop in summer. When do I get the rest?",
        worth=(300, 900),
        facts={"funds_held": WORTH},
        steps=(
            answer(
                60,
                "Six months after the last parcel, or earlier when nobody can return anything any more. I look "
                "which it is.",
            ),
            got(40, "hold-reason", "Closed by the seller, hold never reviewed."),
            give(15, "payout-release", 1, "Return periods are over."),
            resolve(
                5, "risk-over", "All return periods are over, so there is nothing to wait for: {amount} is on its way."
            ),
        ),
    ),
    _seller(
        "payout-not-arrived",
        "seller.payout-missing",
        "not-arrived",
        "Payout {payout} has not arrived",
        "Announced for {ordered}. My bank knows nothing of it.",
        worth=(400, 5200),
        steps=(
            answer(45, "I trace it. If the bank details are the same as always, this is usually a day's work."),
            hand_off(20, "payments", "Payout {payout} is missing, please trace it with the bank."),
            send_back(60, "Payouts are traced by Seller finance itself; we do refunds to buyers."),
            got(45, "bank-trace", "Our bank: rejected by the receiving bank, name does not fit. {bank}"),
            got(3, "payout-id", "{payout}"),
            answer(
                10, "Your bank sent it back because the name does not fit any more. Has the business changed its name?"
            ),
            pause(2, "waiting-party", "Question about the name, message of today."),
            hears(1700, "Yes! Since last month. I did not think of it."),
            give(30, "payout-release", 1, "Paid again under the new name."),
            decide(200, True, "Register shows the new name."),
            resolve(5, "details-wrong", "Paid again today under the new name, reference {trace}."),
        ),
    ),
    _seller(
        "payout-wrong-account",
        "seller.payout-missing",
        "wrong-account",
        "Payout went to an account that is not mine",
        "I never changed anything. {amount}!",
        worth=(800, 4800),
        signals={"money_at_risk": WORTH},
        steps=(
            answer(
                8,
                "All further payouts are stopped. I ask the bank for it back right now and lock the account "
                "until we know who changed it.",
            ),
            got(15, "payout-id", "{payout}"),
            note(20, "Details changed at night from a new device, with a code sent to a forwarded number."),
            escalate(10, "authority", "Call-back of this sum needs a signature.", kind="severity"),
            got(60, "bank-trace", "{bank}: receiving account blocked, sum still there."),
            pause(5, "waiting-bank", "{bank}"),
            got(2100, "bank-trace", "{bank}: the whole sum is back.", outside=True),
            give(20, "payout-release", 1, "Back from the wrong account, paid to the right one."),
            decide(60, True, "Identity proved by call and paper."),
            resolve(
                10,
                "details-changed-by-other",
                "The whole sum came back and is on its way to your own account. The number for codes is yours again.",
            ),
        ),
    ),
    _seller(
        "payout-short",
        "seller.payout-missing",
        "short",
        "Payout {payout} is {part} short",
        "The list says one sum, the bank another.",
        worth=(90, 400),
        steps=(
            answer(
                80,
                "The difference is a refund that fell between list and payment. I check that it was really "
                "yours to pay.",
            ),
            got(20, "payout-id", "{payout}"),
            got(20, "bank-trace", "As paid, {trace}."),
            give(5, "correction", None, "List is made after the refunds from now on."),
            resolve(
                5,
                "deduction",
                "It was the refund for {order}, made that very minute. It is right, but the list "
                "should have shown it; it does from now on.",
            ),
            close(60),
        ),
    ),
    _seller(
        "tax-name",
        "seller.tax-document",
        "wrong-name",
        "Tax document has my maiden name",
        "The tax office sends it back.",
        steps=(
            answer(
                150,
                "Congratulations, first of all. I need the tax number once more by the safe form, then it is "
                "printed anew.",
            ),
            hears(1300, "Done."),
            got(30, "tax-number", "By the safe form."),
            got(5, "document", "Last year's, old name."),
            give(10, "correction", None, "New name."),
            resolve(5, "data-old", "The new one is in your mailbox there. The old one does not count any more."),
        ),
    ),
    _seller(
        "return-swapped",
        "seller.return-abuse",
        "swapped",
        "A stone came back instead of {item}",
        "Same weight, nearly. I filmed the unpacking.",
        items=("a graphics card", "a lens", "a gold bracelet"),
        worth=(70, 620),
        steps=(
            answer(50, "Filming was a good idea. Please send the film and the label."),
            hears(120, "Both attached."),
            got(10, "photos", "Film of two minutes, one cut-free."),
            got(20, "weight", "23 grams less than on the way out."),
            got(30, "buyer-history", "Two more such returns in a year."),
            note(15, "Passed to Fraud for the buyer's side."),
            give(10, "seller-compensation", 1, "Abuse is shown."),
            decide(240, True, "Film and weights agree."),
            resolve(
                5, "abuse-shown", "You are paid {amount}. What happens to the buyer I may not tell, but something does."
            ),
        ),
    ),
    _seller(
        "return-used",
        "seller.return-abuse",
        "used",
        "Dress came back after the wedding",
        "There is cake on it.",
        items=("a dress",),
        worth=(60, 190),
        steps=(
            answer(60, "I have asked the buyer for their side. Could you send a picture of the cake and of the tag?"),
            again(400, "Return of a worn dress", "I also wrote by chat, in case mail is slow."),
            merge(30, "Same return, written twice."),
            hears(100, "Tag is pinned back on with a needle."),
            got(10, "photos", "Cake, and a pinned tag."),
            got(5, "weight", "Equal."),
            got(10, "buyer-history", "Eleven of fourteen dresses returned."),
            give(10, "seller-compensation", 0.5, "Worn; half as by the table."),
            decide(200, True, "By the table."),
            resolve(
                5,
                "abuse-shown",
                "You get half, as the table says for worn but washable. The buyer has lost free returns.",
            ),
        ),
    ),
    _seller(
        "claim-refused",
        "seller.delivery-claim",
        "claim-refused",
        "{carrier} refuses my claim for {item}",
        "They say 'packed too weakly'. It was in the box they sell themselves!",
        items=("a chandelier", "a violin case", "a marble top"),
        worth=(120, 780),
        steps=(
            answer(70, "Their own box is a strong argument. I take the claim up with them under our contract."),
            got(30, "dispatch-proof", "{trace}"),
            got(5, "value-proof", "Invoice."),
            got(20, "claim-file", "Refusal in two lines."),
            pause(5, "waiting-carrier", "Objection sent under {trace}."),
            got(4200, "claim-file", "{carrier} pays in full.", outside=True),
            give(30, "seller-compensation", 1, "Carrier pays; passed on."),
            decide(150, True, "Money is there."),
            resolve(5, "carrier-liable", "They pay. {amount} is on its way to you."),
        ),
    ),
    _seller(
        "claim-uninsured",
        "seller.delivery-claim",
        "lost",
        "Letter with a watch is lost",
        "I always send watches as letters.",
        worth=(120, 380),
        steps=(
            answer(100, "A letter has no cover, so there is little hope; I try all the same."),
            got(30, "dispatch-proof", "Stamp receipt."),
            waive(5, "value-proof", "Nothing to be paid on it."),
            got(60, "claim-file", "{carrier}: no cover, no trace."),
            resolve(
                10,
                "not-insured",
                "As feared, no cover and no trace. For a few coins more a parcel is covered up "
                "to 500; the calculator in your shop shows it.",
            ),
            reopen(1500, "It has been found! What about the refund that I paid to the buyer?"),
            answer(50, "What a surprise. If the buyer takes it, they pay again; I ask them for you."),
            facts(5, "Letter was found and delivered.", changes={"carrier_status": "delivered"}),
            resolve(400, "carrier-liable", "The buyer has paid again and sends greetings."),
        ),
    ),
    _seller(
        "tools-question",
        "seller.return-abuse",
        "false-claim",
        "Buyer says not received, driver has a picture",
        "Here is the picture of the driver, with her in the door.",
        worth=(30, 98),
        steps=(
            answer(45, "That is a clear picture. I ask the buyer what she says to it."),
            got(5, "photos", "Driver's picture."),
            waive(2, "weight", "Nothing came back."),
            got(15, "buyer-history", "First claim."),
            hand_off(20, "delivery", "Driver's record please; is the picture of this delivery?"),
            accept(30),
            note(60, "Picture belongs to the delivery next door."),
            hand_off(5, "seller-care", "Picture is of another delivery, the buyer is right.", to_person=True),
            accept(20),
            calm(5, "Nothing to decide above us."),
            resolve(
                15,
                "not-shown",
                "The picture is of the house next door: nobody deceived you, the driver mixed two "
                "parcels up. {carrier} pays for it, not you.",
            ),
        ),
    ),
)
