"""Buyers who wait for a parcel: late, lost, at the neighbour's, gone to the wrong door."""

from __future__ import annotations

from escalations.demo.story import (
    WORTH,
    Story,
    again,
    answer,
    close,
    decide,
    facts,
    give,
    got,
    hears,
    merge,
    note,
    pause,
    resolve,
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
