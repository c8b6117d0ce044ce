"""Fälle auf Deutsch: wie Menschen in Deutschland schreiben, und wie ihnen geantwortet wird."""

from __future__ import annotations

from typing import Any

from escalations.demo.story import (
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
)


def _german(key: str, category: str, symptom: str, summary: str, text: str, **more: Any) -> Story:
    """A story told in German; notes among colleagues stay in English, which they share."""
    given = {"language": "de", "regions": ("eu-de",), "sources": ("form", "mail", "chat", "phone")} | more
    return Story(key, category, symptom, summary, text, **given)


STORIES = (
    _german(
        "de-paket-nachbar",
        "order.not-received",
        "shown-delivered",
        "Paket {order} angeblich zugestellt",
        "In der Sendungsverfolgung steht seit {yesterday} „zugestellt“. Bei mir ist nichts angekommen, und eine Karte "
        "lag auch nicht im Briefkasten.",
        facts={"carrier_status": "delivered", "order_value": WORTH},
        items=("ein Fahrradhelm", "zwei Kopfkissen"),
        steps=(
            answer(
                30,
                "ich habe bei {carrier} den Beleg der Zustellung angefordert, mit Ort und Unterschrift. Fragen "
                "Sie bitte inzwischen im Haus nach; oft liegt ein Paket bei den Nachbarn.",
            ),
            got(4, "order-number", "{order}"),
            got(45, "tracking", "Signature of the shop on the ground floor."),
            answer(5, "der Laden im Erdgeschoss hat unterschrieben. Könnten Sie dort einmal fragen?"),
            hears(240, "Tatsächlich, der Blumenladen hatte es. Vielen Dank!", means="chat"),
            resolve(
                10,
                "handed-to-neighbour",
                "schön, dass es da ist. {carrier} soll beim nächsten Mal eine Karte einwerfen; darum habe ich gebeten.",
            ),
        ),
    ),
    _german(
        "de-spiegel-zerbrochen",
        "order.damaged",
        "arrived-broken",
        "{item} kam in Scherben an",
        "Der Karton war außen heil, innen nur eine Lage Papier. Bilder hängen an. Ich hätte gern einen neuen.",
        items=("Der Wandspiegel", "Die Glaslampe", "Die Teekanne"),
        facts={"goods_kind": "general", "order_value": WORTH},
        steps=(
            got(10, "photos", "Box whole outside, one layer of paper inside."),
            answer(
                10,
                "das tut mir leid, so darf man nicht verpacken. Ein neuer geht heute noch hinaus, diesmal "
                "richtig gepolstert. Die Scherben können Sie wegwerfen.",
            ),
            got(2, "order-number", "{order}"),
            give(3, "replacement", None, "Packed too weakly."),
            resolve(240, "packed-badly", "der neue ist unterwegs, Sendungsnummer {trace}."),
            reopen(2600, "Auch der zweite ist zerbrochen. Jetzt möchte ich lieber mein Geld."),
            answer(30, "das verstehe ich. Sie bekommen den vollen Betrag zurück und müssen nichts einschicken."),
            give(5, "refund", 1, "Second breakage."),
            resolve(5, "packed-badly", "{amount} sind angewiesen. Mit dem Händler sprechen wir über seine Kartons."),
        ),
    ),
    _german(
        "de-widerruf",
        "refund.delay",
        "after-return",
        "Widerruf vom {ordered}, Geld noch nicht da",
        "Die Ware ist laut Beleg seit elf Tagen beim Händler. Nach dem Gesetz hätte ich das Geld längst.",
        facts={"payment_method": "bank_transfer", "order_value": WORTH},
        worth=(60, 420),
        steps=(
            answer(
                45,
                "Sie haben recht, vierzehn Tage nach dem Widerruf muss das Geld da sein. Ich kläre heute, wo es hängt.",
            ),
            got(60, "order-number", "{order}"),
            hand_off(15, "delivery", "Is the return of {order} booked in? Receipt {trace} says delivered."),
            accept(30),
            note(40, "Stood at the wrong gate. Booked in."),
            hand_off(5, "payments", "Booked in, please pay today.", to_person=True),
            accept(20),
            got(15, "refund-trace", "Paid, {trace}."),
            give(5, "refund", 1, "Return booked in."),
            decide(160, True, "Agrees with the ledger."),
            resolve(
                5,
                "return-not-booked",
                "die Rücksendung stand am falschen Tor. {amount} sind heute überwiesen "
                "worden, Verwendungszweck {trace}.",
            ),
        ),
    ),
    _german(
        "de-doppelt-abgebucht",
        "payment.wrong-charge",
        "twice",
        "{amount} zweimal abgebucht",
        "Eine Bestellung, zwei Abbuchungen in derselben Minute.",
        worth=(25, 130),
        steps=(
            got(15, "ledger", "Two charges, one order."),
            answer(5, "eine der beiden Buchungen hätte es nicht geben dürfen. Sie geht noch heute zurück."),
            got(4, "statement", "Both lines."),
            give(3, "refund", 1, "Second charge without an order."),
            resolve(3, "our-fault", "{amount} sind auf dem Weg zu Ihnen. Der Fehler lag bei uns."),
            close(40),
        ),
    ),
    _german(
        "de-konto-gesperrt",
        "account.locked",
        "code-missing",
        "Code kommt nicht an",
        "Seit gestern Abend warte ich auf den Code für die Anmeldung. Mein Anbieter sagt, bei ihm sei alles gut.",
        steps=(
            answer(
                15,
                "die Codes kommen bei einem Anbieter gerade verspätet an. Mit einem Nachweis über das sichere "
                "Formular können wir Sie ohne Code hineinlassen.",
            ),
            hears(120, "Erledigt."),
            got(10, "identity", "Identity card, matches."),
            resolve(
                5, "provider-fault", "Sie können sich wieder anmelden. Für die nächsten Tage kommt der Code per Mail."
            ),
        ),
    ),
    _german(
        "de-haendler-sperre",
        "seller.suspension-appeal",
        "suspended-performance",
        "Einspruch: gesperrt wegen Streik bei {carrier}",
        "Unsere Pakete standen eine Woche im Depot, weil gestreikt wurde. Dafür werden wir gesperrt?",
        kind="seller",
        sources=("form", "mail", "phone"),
        facts={"previous_appeals": 0, "seller_tier": "standard"},
        steps=(
            answer(
                80,
                "Ihren Einspruch prüft jemand, der an der ersten Entscheidung nicht beteiligt war. Haben Sie "
                "eine Bestätigung des Depots?",
            ),
            got(30, "decision-file", "By score alone."),
            hears(500, "Anbei die Bestätigung."),
            got(10, "statement", "Statement and confirmation of the depot."),
            give(30, "suspension-lift", None, "Strike week does not count."),
            resolve(
                10,
                "decision-wrong-facts",
                "die Sperre ist aufgehoben, die Streikwoche zählt nicht mit. Bitte entschuldigen Sie die Sorgen.",
            ),
        ),
    ),
    _german(
        "de-auszahlung",
        "seller.payout-missing",
        "not-arrived",
        "Auszahlung {payout} fehlt",
        "Angekündigt für {ordered}, auf dem Konto ist nichts. Am Monatsende zahle ich Löhne.",
        kind="seller",
        sources=("form", "mail", "phone"),
        worth=(600, 5400),
        steps=(
            answer(
                40,
                "ich suche die Zahlung bei unserer Bank und melde mich heute noch, auch wenn ich nichts Neues weiß.",
                promise_h=7,
            ),
            got(5, "payout-id", "{payout}"),
            got(60, "bank-trace", "Rejected: name of the account does not fit. {bank}"),
            answer(
                5, "die Bank hat die Zahlung zurückgewiesen, weil der Name nicht passt. Hat sich die Firma geändert?"
            ),
            pause(2, "waiting-party", "Question about the name, message of today."),
            hears(1300, "Ja, aus der GbR ist eine GmbH geworden."),
            give(20, "payout-release", 1, "Paid again under the new name."),
            decide(180, True, "Register shows the change."),
            resolve(5, "details-wrong", "heute neu angewiesen, auf die GmbH. Referenz {trace}."),
        ),
    ),
    _german(
        "de-gebuehr",
        "seller.fee-dispute",
        "fee-after-refund",
        "Provision trotz Stornierung behalten",
        "Der Käufer hat sein Geld zurück, die Provision behalten Sie.",
        kind="seller",
        sources=("form", "mail"),
        worth=(12, 60),
        steps=(
            answer(
                90, "bei einer vollen Erstattung steht Ihnen die Provision bis auf die Bearbeitung zu. Ich rechne nach."
            ),
            got(20, "invoice", "{invoice}"),
            got(5, "tariff", "Commission back on full refund."),
            give(5, "fee-credit", 0.9, "Credit was not given."),
            resolve(5, "credit-missing", "die Gutschrift steht auf Ihrer nächsten Rechnung."),
        ),
    ),
    _german(
        "de-faelschung",
        "integrity.counterfeit",
        "buyer-report",
        "Uhr von {brand}: der Sekundenzeiger klebt",
        "Das Gewicht stimmt nicht, und auf der Rückseite ist ein Schreibfehler.",
        worth=(90, 145),
        facts={"goods_kind": "general", "reports_count": 1},
        steps=(
            answer(
                150,
                "danke für den genauen Blick. Bitte schicken Sie die Uhr nicht zurück, bis wir den Händler "
                "gehört haben.",
            ),
            got(20, "photos", "Spelling mistake on the back."),
            got(500, "supply-chain", "One invoice, trader unknown."),
            give(10, "listing-removal", None, "Fake."),
            give(5, "refund", 1, "Fake."),
            resolve(5, "fake-shown", "die Uhr ist nicht echt. Sie bekommen {amount} zurück; das Angebot ist gelöscht."),
        ),
    ),
    _german(
        "de-falsche-farbe",
        "order.not-as-described",
        "wrong-size-colour",
        "Jacke in Größe M bestellt, S bekommen",
        "Auf dem Etikett steht M, aber sie fällt aus wie für ein Kind. Der Händler antwortet nicht.",
        worth=(35, 110),
        sources=("chat", "form"),
        steps=(
            answer(
                25,
                "könnten Sie die Jacke einmal flach hinlegen und die Breite messen? Dann sehe ich, ob die "
                "Tabelle im Angebot stimmt.",
            ),
            hears(100, "46 Zentimeter."),
            got(5, "photos", "46 cm; the table says 54 for M."),
            got(10, "listing-copy", "Table says 54 cm."),
            give(3, "return-label", None, "Table is wrong."),
            escalate(
                10, "stale_article", "Our size article tells agents to believe the label. It should say: measure."
            ),
            resolve(
                15,
                "listing-misleading",
                "die Tabelle im Angebot ist falsch. Das Etikett für die Rücksendung ist "
                "in Ihrem Postfach, das Geld kommt mit dem ersten Scan.",
            ),
        ),
    ),
)
