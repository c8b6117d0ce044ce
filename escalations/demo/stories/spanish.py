"""Casos en español: cómo escribe la gente, y cómo se le responde."""

from __future__ import annotations

from typing import Any

from escalations.demo.story import (
    WORTH,
    Story,
    answer,
    close,
    decide,
    give,
    got,
    hears,
    note,
    pause,
    resolve,
)


def _spanish(key: str, category: str, symptom: str, summary: str, text: str, **more: Any) -> Story:
    """A story told in Spanish; notes among colleagues stay in English, which they share."""
    given = {"language": "es", "regions": ("eu-es", "us", "eu-es"), "sources": ("form", "mail", "chat")} | more
    return Story(key, category, symptom, summary, text, **given)


STORIES = (
    _spanish(
        "es-paquete-perdido",
        "order.not-received",
        "no-movement",
        "El paquete {order} no se mueve desde hace {days} días",
        "Compré {item} para el cumpleaños de mi padre. El vendedor dice que espere. ¿Hasta cuándo?",
        items=("una cafetera", "unos prismáticos", "una guitarra pequeña"),
        worth=(45, 140),
        facts={"carrier_status": "in_transit", "order_value": WORTH},
        steps=(
            answer(
                30,
                "no tiene que esperar sin fecha. Hoy he abierto una búsqueda con {carrier}: tienen cinco días. "
                "Si no aparece, le devolvemos el dinero.",
            ),
            got(4, "order-number", "{order}"),
            pause(3, "waiting-carrier", "Trace {trace}, opened today."),
            hears(2400, "¿Se sabe algo?"),
            answer(40, "todavía no; he vuelto a llamar. El plazo termina pasado mañana y no lo alargamos."),
            got(1500, "tracking", "{carrier}: not found.", outside=True),
            give(15, "refund", 1, "Lost by the carrier."),
            resolve(5, "carrier-lost", "no lo han encontrado. Le devolvemos {amount} hoy mismo."),
        ),
    ),
    _spanish(
        "es-reembolso",
        "refund.delay",
        "promised-not-paid",
        "Me prometieron el reembolso el {ordered}",
        "Han pasado {days} días y en mi cuenta no hay nada.",
        facts={"payment_method": "card", "order_value": WORTH},
        worth=(25, 140),
        steps=(
            answer(35, "tiene razón, y lo siento. Miro ahora mismo dónde está y le escribo hoy."),
            got(20, "refund-trace", "Never started."),
            got(2, "order-number", "{order}"),
            give(5, "refund", 1, "Never started; started now."),
            resolve(5, "not-triggered", "nadie lo había iniciado. Ya ha salido: {amount}, referencia {trace}."),
            hears(1700, "Recibido, muchas gracias."),
            close(60),
        ),
    ),
    _spanish(
        "es-cuenta-robada",
        "account.takeover",
        "locked-out",
        "Alguien ha entrado en mi cuenta",
        "Me llegó un correo diciendo que cambié mi teléfono. No fui yo y ya no puedo entrar.",
        sources=("form", "phone", "chat"),
        steps=(
            answer(
                8,
                "su cuenta está bloqueada: nadie puede comprar ni leer nada. Demuestre su identidad en el "
                "formulario seguro y se la devolvemos.",
            ),
            hears(60, "Ya está enviado."),
            got(10, "identity", "Identity card, matches."),
            got(10, "login-record", "Sign-in from a new device, telephone changed after two minutes."),
            give(5, "account-restore", None, "Identity proved."),
            resolve(
                5,
                "phishing",
                "la cuenta vuelve a ser suya. Nadie compró nada. El correo que recibió antes era "
                "falso; aquí le explicamos cómo reconocer el siguiente.",
            ),
        ),
    ),
    _spanish(
        "es-devolucion",
        "return.refused",
        "refused",
        "No aceptan mi devolución dentro de 14 días",
        "Recibí {item} hace una semana. El vendedor dice que los artículos rebajados no se devuelven.",
        regions=("eu-es",),
        items=("un abrigo", "unas botas", "una maleta"),
        facts={"days_since_delivery": 7},
        worth=(40, 140),
        steps=(
            answer(40, "la rebaja no quita el derecho a desistir. Le envío una etiqueta, y el vendedor lo sabe ya."),
            got(5, "terms", "'Sale items are final', against the law here."),
            give(3, "return-label", None, "Withdrawal in time."),
            hears(1400, "Enviado, adjunto el recibo."),
            got(20, "return-receipt", "{carrier} {trace}"),
            resolve(5, "seller-wrong", "devolución aceptada. Recibirá {amount} en cuanto la escaneen."),
        ),
    ),
    _spanish(
        "es-distinto",
        "order.not-as-described",
        "quality-differs",
        "«Cuero auténtico» que no es cuero",
        "El bolso huele a plástico y se pela. En el anuncio pone cuero auténtico.",
        worth=(40, 130),
        steps=(
            answer(50, "¿podría enviarnos una foto del borde, donde se vea el corte?"),
            hears(200, "Aquí está."),
            got(10, "photos", "Cut edge shows fabric."),
            got(10, "listing-copy", "'Cuero auténtico' in the title."),
            note(120, "Seller: 'vegan leather' is leather too. It is not."),
            give(10, "refund", 1, "Title is wrong."),
            resolve(
                5,
                "listing-misleading",
                "tiene razón: no es cuero. Le devolvemos {amount} y el anuncio se ha corregido.",
            ),
        ),
    ),
    _spanish(
        "es-comision",
        "seller.fee-dispute",
        "commission-wrong",
        "Comisión del 15 % en lugar del 8 %",
        "Vendo libros desde hace seis años. Este mes me cobran como si fueran muebles.",
        regions=("eu-es",),
        kind="seller",
        worth=(80, 420),
        steps=(
            answer(60, "lo calculo de nuevo con la tarifa de libros."),
            got(30, "invoice", "{invoice}"),
            got(5, "tariff", "8 % for books."),
            give(10, "fee-credit", 1, "Seven points too many."),
            decide(200, True, "Tariff is clear."),
            resolve(
                5, "category-wrong", "le abonamos {amount} en la próxima factura, y los anuncios vuelven a libros."
            ),
        ),
    ),
    _spanish(
        "es-pago-retenido",
        "seller.payout-hold",
        "bank-changed",
        "Saldo retenido tras cambiar de banco",
        "Cambié de banco, lo dije con tiempo y aun así retienen {amount}.",
        regions=("eu-es",),
        kind="seller",
        worth=(400, 990),
        facts={"funds_held": WORTH, "seller_tier": "standard"},
        steps=(
            answer(
                45,
                "después de un cambio de banco comprobamos la cuenta nueva; suele tardar un día. Miro por qué "
                "tarda más.",
            ),
            got(30, "hold-reason", "Account not verified; the test transfer came back."),
            pause(5, "waiting-party", "Asked for the certificate of the bank, message of today."),
            hears(1100, "Adjunto el certificado del banco."),
            give(15, "payout-release", 1, "Certificate of the bank."),
            resolve(5, "bank-unverified", "comprobado. {amount} salen hoy a la cuenta nueva."),
        ),
    ),
)
