"""Buyers whose orders went wrong: late, lost, broken, not as described, cancelled, returned."""

from __future__ import annotations

from escalations.demo.story import (
    EUROPE,
    WORTH,
    Story,
    accept,
    again,
    answer,
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

STORIES = (
    Story(
        "parcel-late",
        "order.not-received",
        "late",
        "Order {order} is {days} days late",
        "The page promised {item} by last week. I have had no message since it was sent. When will it come?",
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        items=("a reading lamp", "two cushion covers", "a bicycle bell and a pump", "a set of watercolours"),
        steps=(
            answer(
                35,
                "I am sorry that your parcel is late. {carrier} has it in its depot in {town} and names the day "
                "after tomorrow as the day of delivery. I keep an eye on it and write to you then.",
            ),
            got(10, "tracking", "{carrier}, {trace}: in the depot of {town}, out for delivery next."),
            hears(1150, "It has just arrived, thank you. The box is fine.", means="chat"),
            give(20, "shipping-refund", 0.06, "Three days later than promised; the carrier was at fault."),
            resolve(
                4,
                "carrier-late",
                "Good to hear that it is there. It came later than we promised, so you get the shipping costs back.",
            ),
        ),
    ),
    Story(
        "parcel-at-neighbour",
        "order.not-received",
        "shown-delivered",
        "Shown as delivered on {yesterday}, but nothing is here",
        "The tracking of order {order} says delivered at 14:12 with a signature. I was at home all day. Nobody rang.",
        facts={"carrier_status": "delivered", "order_value": WORTH},
        items=("a pair of running shoes", "a coffee grinder", "a raincoat"),
        steps=(
            answer(
                25,
                "I have asked {carrier} for the driver's record of this delivery, with the place and the "
                "signature. Could you ask the people in your house meanwhile, and look into the parcel shop at the "
                "corner?",
            ),
            got(5, "order-number", "{order}, from the form."),
            note(20, "The record shows a signature that starts with K, and a door two numbers further on."),
            got(2, "tracking", "Driver's record {trace} with place and time."),
            hears(
                320,
                "You were right, the family two doors on had it and was away. I have it now. Sorry for the trouble!",
            ),
            resolve(
                12,
                "handed-to-neighbour",
                "No trouble at all. I have asked {carrier} to leave a card in the right letter box next time.",
            ),
            close(30),
        ),
    ),
    Story(
        "parcel-lost",
        "order.not-received",
        "no-movement",
        "Tracking of {item} has not moved for {days} days",
        "Order {order}. The last scan is from {town}. The seller says I should wait. I have waited long enough.",
        worth=(45, 135),
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        items=("a cast-iron pan", "a telescope for children", "a wool blanket", "a guitar stand"),
        steps=(
            answer(
                40,
                "You should not have to wait without an end. I have opened a trace with {carrier} today. They "
                "have five days to find it; if they do not, you get your money back.",
            ),
            pause(3, "waiting-carrier", "Trace {trace} with {carrier}, opened today."),
            got(3900, "tracking", "{carrier} on {trace}: not found in any depot, counted as lost.", outside=True),
            give(25, "refund", 1, "The carrier has lost it."),
            resolve(
                5,
                "carrier-lost",
                "{carrier} could not find your parcel. You get {amount} back the way you paid; "
                "it is there within three working days.",
            ),
            hears(700, "Thank you for being so clear about it."),
        ),
    ),
    Story(
        "parcel-large",
        "order.not-received",
        "no-movement",
        "Order over {amount} has disappeared",
        "I bought {item} for our tenth anniversary. It left the seller on {ordered} and then vanished. The seller has "
        "stopped answering.",
        worth=(1080, 2300),
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        items=("an espresso machine", "an oak bench", "a sewing machine", "a keyboard with stand"),
        steps=(
            answer(
                30,
                "This is a large order, so a senior specialist looks after it: me. The claim against {carrier} "
                "needs complete papers, or they do not pay. I get those from the seller, you need do nothing.",
            ),
            note(60, "Seller has sent weight, value and receipt. Claim form {trace} is filled in."),
            pause(10, "waiting-carrier", "Claim {trace}, confirmed by {carrier} by mail."),
            hears(1500, "Is there anything new?"),
            answer(
                70,
                "Not yet: {carrier} has until the end of the week, and I ask every second day. If they say "
                "nothing by then, we do not let you wait for them.",
                promise_h=60,
            ),
            got(2200, "tracking", "Claim accepted by {carrier}: lost between two depots.", outside=True),
            give(30, "refund", 1, "Carrier accepts the claim, the buyer has waited long enough."),
            decide(150, True, "Claim is accepted in writing. Pay at once."),
            resolve(
                15,
                "carrier-lost",
                "{carrier} has admitted the loss. You get {amount} back today, and I am sorry about your anniversary.",
            ),
        ),
    ),
    Story(
        "parcel-wrong-address",
        "order.not-received",
        "wrong-address",
        "Parcel went to my old address",
        "I moved and changed the address after ordering {item}. The parcel went to the old one all the same.",
        items=("a desk lamp", "a set of knives", "a yoga mat"),
        facts={"order_value": WORTH},
        steps=(
            answer(
                45,
                "The change came after the label was printed, which the page should have told you. {carrier} "
                "can still turn it round; I have asked them to.",
            ),
            note(10, "Address was changed 40 minutes after the label. The page gives no hint. Told Seller tools."),
            got(30, "tracking", "{carrier}: turned round, new delivery planned, {trace}."),
            hears(1700, "It came to the new flat this morning."),
            resolve(
                20,
                "address-wrong",
                "Good. For next time: after a change of address, look whether the order says "
                "'label printed'; from then on only the carrier can change it.",
            ),
        ),
    ),
    Story(
        "parcel-never-sent",
        "order.not-received",
        "late",
        "Seller says sent, carrier says announced only",
        "For {days} days the tracking of {item} says 'announced'. The seller {shop} answers with the same sentence "
        "every time.",
        facts={"carrier_status": "announced", "order_value": WORTH},
        items=("a film camera", "a box of ceramic tiles", "a chess computer"),
        worth=(60, 140),
        steps=(
            answer(
                30,
                "A parcel that is only announced was never handed over. I have asked {shop} for the receipt of "
                "the carrier, by tomorrow.",
            ),
            note(240, "{shop} has no receipt and now says 'sold out'. Third case of this seller this month."),
            got(5, "tracking", "Announced on {ordered}, never scanned."),
            give(10, "refund", 1, "Never sent."),
            resolve(
                5,
                "never-sent",
                "The seller never handed your parcel over. You get {amount} back, and we look at "
                "this seller's other orders too.",
            ),
        ),
    ),
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
        "The driver left it in the rain with one side open. The neighbour has seen it. I want this sorted out properly.",
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
        "parcel-twice-asked",
        "order.not-received",
        "late",
        "Birthday present not here, {item}",
        "The birthday is on Saturday. Please tell me honestly whether it can still work.",
        items=("a puppet theatre", "a skateboard", "a jigsaw of a thousand pieces"),
        worth=(25, 90),
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        steps=(
            again(80, "Where is {item}?", "I wrote by chat as well, nobody answers there either."),
            answer(
                30,
                "Honestly: it can, but only just. It is in {town} since this morning. I call the depot at noon "
                "and write to you either way.",
            ),
            merge(5, "The same order, written twice."),
            got(180, "tracking", "{carrier}: on the van tomorrow."),
            hears(1000, "It came!! Thank you, you have saved the day."),
            resolve(10, "carrier-late", "Then happy birthday from us, too."),
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
    Story(
        "parcel-vulnerable",
        "order.not-received",
        "late",
        "Walking frame for my mother is {days} days late",
        "She is 84 and has just come home from hospital. Without it she cannot get to the bathroom alone.",
        items=("a walking frame",),
        worth=(55, 120),
        signals={"vulnerable_user": True},
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        steps=(
            answer(
                8,
                "I do not let this wait. A shop near you has the same frame; it is brought to your mother today "
                "before six, and the late one can go back.",
            ),
            give(5, "replacement", None, "Same frame from a shop nearby, today, by courier."),
            got(5, "tracking", "{carrier}: stuck in {town}, no date."),
            hears(360, "It is here. My mother says you are an angel."),
            resolve(
                10,
                "carrier-late",
                "All the best to her. The late one is picked up on Monday; just leave it at the door.",
            ),
        ),
    ),
    Story(
        "parcel-facts-change",
        "order.not-received",
        "no-movement",
        "Three orders, one address, none has come",
        "All three were to go to our office in {town}. The other two are worth more than this one.",
        items=("office chairs",),
        worth=(90, 140),
        facts={"carrier_status": "in_transit"},
        steps=(
            answer(45, "I look at all three together. Could you give me the numbers of the other two?"),
            hears(200, "Here they are. Together it is about ten times the sum."),
            facts(
                20,
                "Numbers of all three orders are here; the sum is real.",
                changes={"money_at_risk": "worth*12"},
                states={"money_at_risk": "verified"},
            ),
            note(60, "Same van, same day. {carrier} is looking for the whole van."),
            got(300, "tracking", "{carrier}: van found in the wrong depot, all parcels complete."),
            resolve(
                600,
                "carrier-late",
                "All three parcels were handed over in your office this morning. I am sorry for the days in between.",
            ),
        ),
    ),
)
