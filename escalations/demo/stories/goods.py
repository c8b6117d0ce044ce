"""Buyers whose goods are not right: broken, not as described, cancelled and sent, returned and not taken."""

from __future__ import annotations

from escalations.demo.story import (
    EUROPE,
    WORTH,
    Story,
    accept,
    answer,
    close,
    decide,
    escalate,
    give,
    got,
    hand_off,
    hears,
    note,
    pause,
    reopen,
    resolve,
    send_back,
    waive,
)

STORIES = (
    Story(
        "damaged-mirror",
        "order.damaged",
        "arrived-broken",
        "{item} arrived in pieces",
        "The box looked fine, inside was one layer of paper. I attach three pictures. I would like another one, not "
        "the money.",
        items=("A round mirror", "A ceramic teapot", "A glass vase", "A picture frame"),
        facts={"goods_kind": "general", "order_value": WORTH},
        steps=(
            got(12, "photos", "Three pictures: one layer of paper, the outside of the box is whole."),
            answer(
                10,
                "The pictures say it all: this was packed too weakly. {shop} sends another one, wrapped "
                "properly. You can throw the broken one away.",
            ),
            give(5, "replacement", None, "Packed too weakly, seller agrees."),
            note(3, "Packing guide sent to {shop}; second breakage this month."),
            resolve(
                300,
                "packed-badly",
                "The new one left {shop} today, with the number {trace}. If anything is wrong "
                "with it, just answer this mail.",
            ),
        ),
    ),
    Story(
        "damaged-parts-missing",
        "order.damaged",
        "parts-missing",
        "Bag with screws missing from {item}",
        "Everything is there but bag C. I cannot build it and it stands in the hall since {yesterday}.",
        items=("a shoe cabinet", "a cot", "a standing desk", "a shelf for plants"),
        facts={"order_value": WORTH},
        worth=(70, 145),
        steps=(
            answer(
                50,
                "Could you send one picture of the parts list with what is there ticked off? Then the right bag "
                "goes out today.",
            ),
            hears(95, "Here it is. Bag C and two dowels.", means="chat"),
            got(8, "photos", "Parts list with ticks: bag C, two dowels."),
            give(4, "replacement", None, "Bag C and dowels from the seller's spares."),
            resolve(
                30,
                "packed-incomplete",
                "Bag C and the dowels are on their way as a letter, number {trace}. They "
                "should be with you in two days.",
            ),
            reopen(2900, "The letter came, but it is bag B. Please look again."),
            answer(
                35,
                "I am sorry: the warehouse reads B and C alike, it seems. The right bag leaves by courier now.",
                promise_h=24,
            ),
            resolve(
                400,
                "packed-incomplete",
                "The courier has handed over bag C at 15:20. I have told {shop} about the labels.",
            ),
        ),
    ),
    Story(
        "damaged-large",
        "order.damaged",
        "parcel-opened",
        "Box torn open, {item} damaged, order over {amount}",
        "The driver left it in the rain with one side open. The neighbour has seen it. I want this sorted out.",
        worth=(540, 980),
        items=("an amplifier", "a road bike frame", "a garden table", "a display cabinet"),
        facts={"goods_kind": "general", "order_value": WORTH},
        steps=(
            answer(
                30,
                "Please keep the box and everything in it: the carrier wants to see it. An inspector can come "
                "tomorrow between 9 and 13 h; does that suit you?",
            ),
            hears(140, "Yes, I am at home until noon. Pictures attached."),
            got(10, "photos", "Six pictures; the wet side of the box shows the carrier's own tape."),
            got(3, "order-number", "{order}"),
            pause(5, "waiting-carrier", "Inspection {trace} agreed with {carrier}."),
            got(1600, "packaging-kept", "Inspector has seen box and goods; the carrier answers for it.", outside=True),
            give(20, "refund", 0.45, "Part refund, buyer keeps the goods; the carrier pays."),
            resolve(
                10,
                "carrier-damage",
                "{carrier} takes the blame. As agreed on the telephone you keep it and get {part} back.",
            ),
        ),
    ),
    Story(
        "damaged-powerbank",
        "order.damaged",
        "leaking",
        "Power bank is swollen and smells",
        "It came like this. I have put it on the balcony. Is it dangerous?",
        items=("a power bank",),
        facts={"goods_kind": "batteries", "order_value": WORTH},
        worth=(20, 48),
        steps=(
            answer(
                6,
                "Please leave it outside, away from anything that burns, and do not charge it. You need not send "
                "it back. Two questions: is everybody well, and can you read the number on its back?",
            ),
            hears(40, "Everybody is fine. The number is PB-22041.", means="chat"),
            got(4, "photos", "Cell is swollen on two sides. Batch PB-22041."),
            note(8, "Two more reports on batch PB-22041. Listing is off sale until the maker answers."),
            got(2, "order-number", "{order}"),
            give(4, "refund", 1, "Dangerous goods are never sent back."),
            resolve(
                20,
                "faulty-before",
                "You did exactly the right thing. You get {amount} back, the whole batch is "
                "off sale, and your town's recycling yard takes it as a damaged battery.",
            ),
        ),
    ),
    Story(
        "described-wrong-size",
        "order.not-as-described",
        "wrong-size-colour",
        "{item}: wrong colour again",
        "I ordered green and got blue. I sent it back and got blue again. Please, somebody read the order.",
        items=("Rain boots", "A bathrobe", "A school bag"),
        worth=(24, 70),
        facts={"previous_contacts": 1},
        steps=(
            answer(
                20,
                "I have read it: green, size as ordered, twice. In this listing green and blue are mixed up. "
                "You get a label for the blue one, and the seller takes the right one from the shelf by hand.",
            ),
            give(3, "return-label", None, "Return at the seller's cost."),
            got(15, "photos", "Blue item, label says green."),
            got(2, "listing-copy", "Variations of {listing} point at each other's pictures."),
            note(5, "Listing corrected by the seller while we were on the telephone."),
            resolve(
                500,
                "variation-mixed",
                "The green one is on its way, I have seen a picture of it in the box. "
                "Thank you for your patience the second time.",
            ),
        ),
    ),
    Story(
        "described-quality",
        "order.not-as-described",
        "quality-differs",
        "'Solid wood' is veneer: {item}",
        "The listing says solid wood. It is pressed board with paper on top. The seller says that is normal at this "
        "price. I do not agree and want my money back.",
        items=("a bedside table", "a chopping board", "a bookshelf", "a stool"),
        worth=(60, 145),
        steps=(
            answer(
                40,
                "Please send me two pictures of an edge where one sees the inside. I ask {shop} for their side "
                "at the same time; they have one working day.",
            ),
            hears(190, "Attached. One can see the layers."),
            got(10, "photos", "Edges show pressed board."),
            got(20, "listing-copy", "'Solid wood' in the title on the day of the order; 'wood look' in line nine."),
            note(200, "{shop}: the buyer should have read line nine. A careful reader would still expect solid wood."),
            hears(420, "This takes too long. I want to speak to somebody who decides.", means="phone"),
            escalate(15, "party_wish", "The buyer asks for somebody with more authority.", kind="party_request"),
            give(45, "refund", 1, "The title promises solid wood, and the title counts."),
            resolve(
                10,
                "listing-misleading",
                "You were right: a title must be true. You get {amount} back, the seller "
                "pays for the return, and the listing has been corrected.",
            ),
        ),
    ),
    Story(
        "described-large",
        "order.not-as-described",
        "quality-differs",
        "{item} is second-hand, sold as new",
        "There are scratches underneath and an old label. I paid {amount} for a new one. I want my money back, all of "
        "it, not a discount.",
        items=("An accordion", "A projector", "A mountain tent", "A telescope"),
        worth=(210, 880),
        steps=(
            answer(
                30,
                "I understand. Could you send a picture of the scratches and of the label? I ask {shop} for theirs "
                "from before it was sent.",
            ),
            hears(170, "Here are five. The label has a date of three years ago."),
            got(8, "photos", "Scratches, label dated three years ago."),
            got(10, "listing-copy", "'New' in title and condition."),
            note(60, "{shop} admits that it was a return. Return is free, refund in full is right."),
            give(5, "refund", 1, "Sold as new, was not. Above what I may grant."),
            decide(140, True, "Clear. Refund, and a point for the seller."),
            resolve(
                10,
                "listing-misleading",
                "You are right, it was not new. You get {amount} back, the label for the return is attached.",
            ),
        ),
    ),
    Story(
        "described-expectation",
        "order.not-as-described",
        "wrong-item",
        "Book is in the wrong language",
        "I wanted the English edition. I opened it at once and it is the original. What now?",
        items=("a novel",),
        worth=(12, 30),
        steps=(
            answer(
                30,
                "The listing says 'original edition' under the picture, so it is what was offered, but it is "
                "easy to overlook. The ordinary return is open to you for fourteen days.",
            ),
            got(4, "photos", "Cover and title page."),
            got(2, "listing-copy", "'Original edition', third line."),
            give(2, "return-label", None, "Goodwill, first order of this buyer."),
            resolve(
                3,
                "expectation",
                "I have added a free label. As soon as the parcel shop has scanned it, the refund starts.",
            ),
            close(60),
        ),
    ),
    Story(
        "described-fake",
        "order.not-as-described",
        "looks-fake",
        "{brand} sneakers that cannot be real",
        "The stitching is crooked, the box has no number, and they smell of glue. I paid nearly the full price.",
        items=("sneakers",),
        worth=(85, 145),
        steps=(
            answer(
                60,
                "Thank you for looking so closely. Our brand specialists compare your pictures with what the "
                "maker gives us. Please do not send the shoes back to the seller meanwhile.",
            ),
            got(10, "photos", "Seams, box, size label."),
            note(90, "Label print is from a series that {brand} never made in this size. Test purchase ordered."),
            got(200, "listing-copy", "{listing}, kept as it was."),
            give(10, "refund", 1, "Not genuine."),
            resolve(
                10,
                "not-genuine",
                "They are not genuine. You get {amount} back and may destroy them. The listing "
                "is gone, and all its buyers hear from us.",
            ),
        ),
    ),
    Story(
        "cancel-no-answer",
        "order.cancellation",
        "no-answer",
        "Wanted to cancel {item} an hour after ordering",
        "I clicked the wrong one and asked the seller to cancel at once. No answer. It has not been sent yet.",
        items=("a drill", "two tickets for a boat trip", "a phone case for the wrong phone"),
        steps=(
            answer(15, "Nothing has left yet, so this is easy: I have cancelled the order, and the seller knows."),
            got(2, "request-time", "53 minutes after the order."),
            give(2, "refund", 1, "Cancelled before dispatch."),
            resolve(2, "seller-absent", "The order is cancelled and {amount} is on its way back to you."),
        ),
    ),
    Story(
        "cancel-sent-anyway",
        "order.cancellation",
        "sent-anyway",
        "Cancelled on {ordered}, sent anyway",
        "The seller confirmed the cancellation and then sent {item} all the same. Now I am to pay for the return?",
        facts={"carrier_status": "in_transit"},
        items=("a suitcase", "a bread maker", "a carpet"),
        worth=(50, 140),
        steps=(
            answer(25, "No, you do not pay for that. Simply do not accept the parcel; it goes back by itself."),
            got(10, "request-time", "Confirmed by the seller on {ordered}, label printed a day later."),
            hears(900, "The driver left it with my neighbour, who did not know."),
            answer(30, "Then you get a label from us, and the seller is billed for it."),
            give(3, "return-label", None, "Sent after a confirmed cancellation."),
            give(5, "refund", 1, "Cancelled in time."),
            resolve(
                5,
                "tool-failed",
                "The label is in your mail, and {amount} has been sent back to you already. The "
                "parcel shop takes the rest.",
            ),
        ),
    ),
    Story(
        "cancel-price-mistake",
        "order.cancellation",
        "cancelled-by-seller",
        "Seller cancelled after I paid, says the price was wrong",
        "{item} was offered at a good price. I paid. Then 'price mistake, cancelled', and the same thing is back at "
        "twice the price. A contract is a contract!",
        items=("A tablet", "A pair of headphones", "A vacuum cleaner"),
        worth=(60, 140),
        steps=(
            answer(
                35,
                "I understand that this is annoying. I have asked the seller how the price came about, and I "
                "look at what the terms say about obvious mistakes.",
            ),
            got(60, "request-time", "Cancelled by the seller 20 minutes after payment."),
            note(20, "Price stood for eleven minutes, a tenth of the usual: an obvious mistake by our terms."),
            escalate(
                10,
                "policy_conflict",
                "Terms of sale say 'obvious mistake', the promise page says 'price shown is "
                "the price'. Which one counts?",
                kind="policy_conflict",
            ),
            give(120, "voucher", 0.2, "Goodwill; the promise page is being corrected."),
            resolve(
                15,
                "price-mistake",
                "The price was an obvious mistake, which the seller may undo. Your money is "
                "back, and because our page promises more than it should, you have a voucher on top.",
            ),
        ),
    ),
    Story(
        "return-withdrawal",
        "return.refused",
        "refused",
        "Seller refuses my withdrawal within 14 days",
        "I received {item} on {ordered} and withdrew two days later. The seller writes: no returns on sale items.",
        regions=EUROPE,
        facts={"days_since_delivery": 4},
        items=("a winter coat", "a handbag", "a folding bike seat"),
        worth=(50, 140),
        steps=(
            answer(
                30,
                "A sale price takes nothing from your right to withdraw. You send it back, and the money "
                "follows within fourteen days of your withdrawal.",
            ),
            got(5, "terms", "'No returns on sale items', against the law here."),
            give(2, "return-label", None, "Withdrawal in time."),
            hears(1300, "Sent today, receipt attached."),
            got(30, "return-receipt", "{carrier} {trace}"),
            resolve(
                10,
                "seller-wrong",
                "Your return is on its way and accepted. {amount} comes back to you as soon as "
                "it is scanned; the seller has had a word from us.",
            ),
        ),
    ),
    Story(
        "return-lost",
        "return.refused",
        "never-arrived",
        "Seller says my return never came",
        "I sent {item} back and have the receipt. For {days} days the seller says nothing arrived.",
        items=("a dress", "a pair of loudspeakers", "a tent"),
        worth=(60, 145),
        steps=(
            answer(
                40,
                "Your receipt is what counts: from the moment the carrier has it, it is not your risk any more. "
                "I trace it all the same, so that the seller gets their goods.",
            ),
            got(5, "return-receipt", "{carrier} {trace}, handed in on {ordered}."),
            got(5, "terms", "Returns at the seller's risk once handed in."),
            pause(10, "waiting-carrier", "Trace {trace}, opened today."),
            hears(1900, "I would like to have my money before the carrier has finished looking."),
            give(60, "refund", 1, "The buyer has proof; the carrier is between the seller and us."),
            resolve(5, "return-lost", "You are right. You get {amount} now, and we settle the rest with {carrier}."),
        ),
    ),
    Story(
        "return-deduction",
        "return.refused",
        "deduction",
        "Half the price deducted for 'signs of wear'",
        "I tried {item} on once, at home. The seller keeps {half} for wear. There is no wear.",
        items=("trousers", "a suit jacket", "climbing shoes"),
        worth=(60, 140),
        steps=(
            answer(45, "I have asked the seller for pictures of the wear. Do you have one from before you packed it?"),
            hears(260, "Only this one, from trying it on."),
            got(12, "photos", "One picture, before packing."),
            got(10, "return-receipt", "{carrier} {trace}"),
            hand_off(
                60,
                "seller-care",
                "The seller wants to speak to somebody about deductions in general; please take their side of it.",
            ),
            send_back(
                90, "The decision on this order is yours; the seller's question is answered in a case of its own."
            ),
            waive(60, "terms", "The law answers this, not the terms."),
            give(10, "refund", 0.5, "No wear to be seen; deduction undone."),
            resolve(
                5,
                "seller-wrong",
                "The seller's pictures show nothing beyond trying on. You get the missing {half} as well.",
            ),
        ),
    ),
    Story(
        "parcel-with-fragile-claim",
        "order.damaged",
        "arrived-broken",
        "Dinner set, {days} of 24 plates broken",
        "I would keep the whole ones if I can get the broken ones replaced.",
        items=("a dinner set",),
        worth=(80, 140),
        facts={"order_value": WORTH},
        steps=(
            got(20, "photos", "All plates laid out, the broken ones apart."),
            answer(15, "That is a sensible idea. I ask the maker for single plates and come back to you."),
            hand_off(
                40,
                "seller-care",
                "Maker sells only whole sets; can the seller get single plates? Buyer would keep the rest.",
                to_person=True,
            ),
            accept(25),
            note(120, "Seller has eight single plates of the same series."),
            answer(10, "{shop} has single plates of the same series. They leave tomorrow."),
            give(5, "replacement", None, "Single plates from the seller."),
            resolve(400, "carrier-damage", "The plates are on their way, number {trace}, in a box made for plates."),
        ),
    ),
)
