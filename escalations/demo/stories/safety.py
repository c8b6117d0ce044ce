"""Accounts in the wrong hands, products that hurt, people who are threatened."""

from __future__ import annotations

from escalations.demo.story import (
    WORTH,
    Story,
    accept,
    answer,
    calm,
    decide,
    escalate,
    facts,
    give,
    got,
    hand_off,
    hears,
    note,
    pause,
    resolve,
)

STORIES = (
    Story(
        "takeover-orders",
        "account.takeover",
        "orders-unknown",
        "Somebody orders in my name",
        "Two orders this morning that I did not place. My password does not work any more.",
        worth=(80, 300),
        facts={"order_value": WORTH},
        steps=(
            answer(
                9,
                "Your account is frozen: nobody can order or read anything now, and both orders are stopped. "
                "Please prove who you are in the safe form; the link is in a mail of its own.",
            ),
            hears(50, "Done. Is my card safe?"),
            got(5, "identity", "Identity card, matches."),
            got(20, "login-record", "Sign-in from a new country with the right password, 06:12."),
            answer(
                5,
                "Your card number was not shown to anybody. The password was known, probably from another "
                "site; please change it wherever you used it.",
            ),
            give(4, "account-restore", None, "Identity proved."),
            resolve(10, "password-reused", "The account is yours again, with new credentials. Nothing was charged."),
        ),
    ),
    Story(
        "takeover-money-gone",
        "account.takeover",
        "address-changed",
        "Bank details of my account were changed, money is gone",
        "Somebody changed the mail address and the bank details on {ordered}. {amount} went to them.",
        worth=(900, 4200),
        kind="seller",
        sources=("phone", "form"),
        signals={"money_at_risk": WORTH},
        steps=(
            answer(
                10,
                "Payouts are stopped and the account is frozen. I ask the bank for the transfer back; every "
                "hour counts, so please keep your telephone near.",
            ),
            got(25, "login-record", "Reset by a forwarded mail; bank details changed four minutes later."),
            facts(10, "Payout run and bank's confirmation are on file.", states={"money_at_risk": "verified"}),
            hears(70, "I am here. What do you need?", means="phone"),
            got(20, "identity", "Called back on the number known for years; passport."),
            escalate(20, "authority", "The bank wants somebody who may sign for this sum.", kind="severity"),
            pause(10, "waiting-bank", "Call-back {bank}."),
            got(1500, "identity", "{bank}: most of it was still there and is on its way back.", outside=True),
            give(20, "account-restore", None, "Identity proved twice."),
            resolve(
                15,
                "phishing",
                "Most of the money is coming back, and the payouts run to your own account again. "
                "The mail that started it was a false one; here is how to know the next one.",
            ),
        ),
    ),
    Story(
        "takeover-no",
        "account.takeover",
        "messages-sent",
        "Messages in my name that I did not write",
        "A seller shows me messages from my account. I did not write them!",
        steps=(
            answer(14, "The account is frozen until we know. Please use the safe form for a proof of identity."),
            got(90, "login-record", "All sign-ins from the usual telephone."),
            hears(100, "My sister has the same telephone code. She wrote them as a joke."),
            got(5, "identity", "Identity card, matches."),
            give(3, "account-restore", None, "No takeover."),
            resolve(
                5,
                "insider",
                "Then it is solved in the family. The account is open again; a code of your own for "
                "the telephone helps.",
            ),
        ),
    ),
    Story(
        "locked-phone-lost",
        "account.locked",
        "phone-lost",
        "Lost my telephone, cannot get the code",
        "New telephone, new number. The code still goes to the old one.",
        steps=(
            answer(
                20,
                "We can set the new number as soon as we know that it is you. The safe form asks for a proof "
                "and takes two minutes.",
            ),
            pause(3, "waiting-evidence", "Identity, asked for in the safe form."),
            hears(260, "Sent."),
            got(15, "identity", "Driving licence, matches."),
            note(2, "Nothing odd in the sign-ins."),
            resolve(5, "contact-outdated", "The new number is set. Codes go there from now on."),
        ),
    ),
    Story(
        "locked-by-check",
        "account.locked",
        "locked-by-check",
        "Locked out while on holiday",
        "I am abroad and your check says 'unusual'. I need my tickets tonight!",
        sources=("chat", "phone"),
        steps=(
            answer(
                6,
                "I have sent your tickets to your mail address as a file, so tonight is safe. For the account I "
                "need a proof of identity by the safe form.",
            ),
            hears(45, "You are great. Sent the picture."),
            got(5, "identity", "Passport, matches."),
            resolve(
                3,
                "check-too-strict",
                "Unlocked, and I have told those who tune the check that holidays exist. Enjoy yours.",
            ),
        ),
    ),
    Story(
        "safety-charger",
        "product.safety",
        "fire-heat",
        "{item} melted on the night table",
        "It was so hot that the table has a mark. We were asleep. What if we had not woken up?",
        items=("Charger", "Heating pad", "Reading lamp", "Electric kettle"),
        signals={"safety": True},
        facts={"goods_kind": "electronics", "hazards": ["fire"], "reports_count": 1},
        worth=(18, 60),
        steps=(
            answer(
                7,
                "I am glad that nobody was hurt. Please leave it unplugged and keep it; do not send it anywhere. "
                "Is everybody well, and is a child or somebody ill in the house?",
            ),
            got(5, "what-happened", "Melted at night, mark on the table, nobody hurt."),
            note(6, "Listing {listing} is off sale since eight minutes after the report."),
            hears(70, "All well. Type plate attached."),
            got(5, "batch", "Type plate: no maker's address, series 07."),
            got(40, "sales", "212 sold since spring, in nine countries."),
            give(10, "listing-removal", None, "Stays off sale until a laboratory has seen it."),
            note(30, "Maker asked for test reports by tomorrow noon."),
            give(20, "recall-notice", None, "212 buyers to be warned."),
            decide(60, True, "Warn today. Legal tells the authority."),
            give(10, "refund", 1, "Unsafe product."),
            resolve(
                60,
                "design-fault",
                "You were the first to tell us, and 212 people have been warned because of it. "
                "You get {amount} back. Thank you.",
            ),
        ),
    ),
    Story(
        "safety-toy",
        "product.safety",
        "swallowed",
        "Eye of a toy came off in my child's mouth",
        "She is two. We got it out. The label says from birth.",
        items=("a plush rabbit",),
        signals={"safety": True, "minor_involved": True},
        facts={"goods_kind": "toys", "hazards": ["choking"], "reports_count": 2},
        worth=(12, 30),
        steps=(
            answer(
                6,
                "How is she? If she coughs or breathes oddly, please go to a doctor now. Keep the toy away from "
                "her and send us a picture of the eye and of the label.",
            ),
            got(4, "what-happened", "Child of two, part out, no harm seen."),
            hears(35, "She is fine and furious that the rabbit is gone."),
            got(10, "photos", "Eye with glue only, no washer. Label 'from birth'."),
            got(30, "sales", "88 sold."),
            give(5, "listing-removal", None, "Small part comes off."),
            hand_off(30, "legal-privacy", "Authority must hear of it today; facts and pictures are in the case."),
            accept(20),
            note(60, "Authority told, number {trace}."),
            give(20, "recall-notice", None, "88 buyers, with a picture of the eye."),
            decide(40, True, "Yes, all of them, today."),
            resolve(
                30,
                "design-fault",
                "All who bought this rabbit have been warned, and it is off sale for good. "
                "A safe one is on its way to her as a present.",
            ),
        ),
    ),
    Story(
        "safety-misuse",
        "product.safety",
        "nearly",
        "Candle holder cracked",
        "It broke in two with the candle burning. Nothing happened, but still.",
        items=("a candle holder",),
        facts={"goods_kind": "general", "reports_count": 1},
        worth=(10, 30),
        steps=(
            answer(15, "That is a fright. Could you tell me how long it had burnt, and which candle it was?"),
            hears(55, "Six hours, a big one. Now I see that the sheet says four at most."),
            got(5, "what-happened", "Six hours, candle too large."),
            got(15, "sales", "1,904 sold, no other report."),
            calm(10, "One report, clear cause."),
            give(4, "refund", 1, "Goodwill."),
            resolve(
                5,
                "misuse",
                "Thank you for the honest answer. The listing now shows the four hours in large "
                "print, and you get {amount} back all the same.",
            ),
        ),
    ),
    Story(
        "harassment-insults",
        "conduct.harassment",
        "insults",
        "A buyer insults me in every message",
        "It started with a late parcel. Now he writes at night. I do not want to read that any more.",
        kind="seller",
        steps=(
            answer(
                12,
                "You do not have to. He cannot write to you any more as of now. Are you safe, and does he know "
                "where you live?",
            ),
            hears(60, "Only the shop's address. I am all right, just tired of it."),
            got(5, "wish", "No more contact; nothing beyond that."),
            got(20, "messages", "31 messages in four days, insults in nearly all."),
            give(10, "account-limit", None, "May buy, may not write."),
            decide(60, True, "Agreed."),
            resolve(
                10,
                "dispute-escalated",
                "He has been warned and can write to nobody for ninety days. If he tries another way, tell us at once.",
            ),
        ),
    ),
    Story(
        "harassment-threat",
        "conduct.harassment",
        "threat-of-violence",
        "'I know where you live'",
        "That is what the seller wrote after my review. He has my address from the order.",
        signals={"safety": True},
        steps=(
            answer(
                4,
                "We take this seriously. If you feel in danger now, call the police first. He can no longer "
                "write to you or see your data. May I call you?",
            ),
            hears(15, "Yes please. I am at a friend's.", means="chat"),
            note(12, "Called: safe at a friend's, has told the police, number {trace}."),
            got(5, "messages", "Kept with times."),
            got(2, "wish", "Contact stopped, address taken out of his orders."),
            give(10, "seller-suspension", None, "Threat of violence."),
            decide(30, True, "Suspended at once. Police get what they ask for through Legal."),
            resolve(
                60,
                "targeted",
                "The seller is gone from here. The police have a number of ours where they reach "
                "us day and night. Please write to us whenever you feel unsure.",
            ),
        ),
    ),
    Story(
        "harassment-contact",
        "conduct.harassment",
        "unwanted-contact",
        "Seller calls me to change my review",
        "Four calls this week. My number was for the carrier only.",
        steps=(
            answer(18, "Your number is for the delivery and nothing else. I have told the seller to stop, in writing."),
            got(15, "messages", "Two messages that announce the calls."),
            got(5, "wish", "Calls to stop. Review stays."),
            hand_off(
                20,
                "seller-standards",
                "Presses buyers for reviews by telephone, second time. Please look at the shop as a whole.",
            ),
            accept(60),
            note(120, "Four buyers confirm. Points for conduct, and training."),
            resolve(
                60,
                "dispute-escalated",
                "The calls have an end, and the seller had to confirm that in writing. Your review stays where it is.",
            ),
        ),
    ),
)
