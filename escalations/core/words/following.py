"""What a party reads on the page of their case, in each language that it speaks: one table, complete for each.

A table and not gettext catalogues: the page is the only one that outsiders read, its words are read together and must
be there in full, and nothing has to be compiled before the desk runs. Months and days come with Django.

`{...}` are filled by whoever makes the page; a test holds the languages to the same words with the same places.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "es": "Español"}
"""Language -> its name in itself, in the order of the switch."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "letter_action": "See how it stands",
        "title": "Your matter {reference}",
        "choose_language": "Language",
        "skip": "Go to the content",
        # How it stands, and the way that it goes.
        "received": "We have your matter. It is with {team}.",
        "working": "{leader} ({team}) is working on it.",
        "working_team": "{team} is working on it.",
        "waiting": "We are waiting for something that we need, and then go on.",
        "waiting_for_party": "We are waiting for your answer, and then go on.",
        "decided": "We have decided. Our last message tells you how.",
        "done": "This matter is closed. Our last message tells you how it ended.",
        "reduced": "We have your matter.",
        "reduced_done": "We have dealt with your matter. Our last message to you says more.",
        "with_others": "Others have reported the same. We look into it together, and you need not tell it again.",
        "goes_on_in": "We look after it together with your matter {reference}.",
        "steps": "The way of your matter",
        "step_1": "Received",
        "step_2": "With a specialist",
        "step_3": "Decided",
        "step_4": "Done",
        "step_past": "done",
        "step_now": "now",
        "step_next": "still to come",
        # By when.
        "by_when": "By when",
        "answer_by": "You hear from us by",
        "decision_by": "We decide by",
        "before_then": "If it takes longer, we tell you before then.",
        "late_answer": "We promised to write to you by",
        "late_decision": "We promised to decide by",
        "late": "We are late, and we are sorry. You hear from us as soon as we can.",
        "no_promise": "We write to you as soon as there is something to tell.",
        "moment": "{moment} ({place} time)",
        "moment_utc": "{moment} (UTC)",
        "moment_format": "l j F Y, H:i",
        "short_format": "j F Y, H:i",
        # What we need, and what they may add.
        "needed": "What we need from you",
        "needed_how": "Our messages say how to send it. What can be told in words you can write below.",
        "add": "Add something",
        "add_label": "Your message",
        "add_hint": "What happened, or what you have found out since. Please send no passwords and no card numbers.",
        "add_hint_done": "Is something not right? Write it here, and we look at it again.",
        "send": "Send",
        "sent": "Thank you. Your message has arrived.",
        "sent_more": "Whoever looks after your matter has been told.",
        "error": "Your message was not sent",
        "error_empty": "Write something first.",
        "error_long": "This is too long. At most {most} characters can be sent at once; yours has {count}.",
        "error_often": "That was a lot in a short time. Wait ten minutes, then send again: your text is still here.",
        "error_other": "It could not be taken in just now. Your text is still here: send it again in a minute.",
        # What was said.
        "said": "What was said so far",
        "said_none": "Nothing yet. What you and we write to each other is shown here.",
        "times_in": "Times are those of {place}.",
        "from_you": "You",
        "from_us": "We",
        "earlier": "Earlier messages that are not shown here: {count}. You have them in your mails.",
        # Around it.
        "help": "Questions, or the link was not meant for you? Write to {address}.",
        "private": "Whoever has this link can read this page. Do not pass it on.",
        "unknown_title": "This link does not open anything",
        "unknown": "It may have been cut off, or it is over: links end some time after a matter is closed.",
        "unknown_what": "Open the newest mail that you have from us, and use the link in it. If that does not help, "
        "write to {address}. Your matter itself is not lost.",
        "often_title": "Too many tries",
        "often": "This was asked for too often, too quickly. Wait a few minutes, then open the link again. Nothing is "
        "lost.",
    },
    "de": {
        "letter_action": "Nachsehen, wie es steht",
        "title": "Ihr Anliegen {reference}",
        "choose_language": "Sprache",
        "skip": "Zum Inhalt",
        "received": "Wir haben Ihr Anliegen. Es liegt bei: {team}.",
        "working": "{leader} ({team}) kümmert sich darum.",
        "working_team": "{team} kümmert sich darum.",
        "waiting": "Wir warten auf etwas, das wir noch brauchen. Dann geht es weiter.",
        "waiting_for_party": "Wir warten auf Ihre Antwort. Dann geht es weiter.",
        "decided": "Wir haben entschieden. In unserer letzten Nachricht steht, wie.",
        "done": "Dieses Anliegen ist abgeschlossen. In unserer letzten Nachricht steht, wie es ausging.",
        "reduced": "Wir haben Ihr Anliegen.",
        "reduced_done": "Wir haben uns um Ihr Anliegen gekümmert. Mehr steht in unserer letzten Nachricht an Sie.",
        "with_others": "Andere haben dasselbe gemeldet. Wir klären es gemeinsam; Sie müssen nichts wiederholen.",
        "goes_on_in": "Wir kümmern uns darum zusammen mit Ihrem Anliegen {reference}.",
        "steps": "Der Weg Ihres Anliegens",
        "step_1": "Eingegangen",
        "step_2": "In Bearbeitung",
        "step_3": "Entschieden",
        "step_4": "Fertig",
        "step_past": "erledigt",
        "step_now": "jetzt",
        "step_next": "kommt noch",
        "by_when": "Bis wann",
        "answer_by": "Sie hören von uns bis",
        "decision_by": "Wir entscheiden bis",
        "before_then": "Dauert es länger, sagen wir es Ihnen vorher.",
        "late_answer": "Wir wollten Ihnen schreiben bis",
        "late_decision": "Wir wollten entscheiden bis",
        "late": "Wir sind zu spät, und das tut uns leid. Sie hören von uns, sobald wir können.",
        "no_promise": "Wir schreiben Ihnen, sobald es etwas zu sagen gibt.",
        "moment": "{moment} (Ortszeit {place})",
        "moment_utc": "{moment} (UTC)",
        "moment_format": "l, j. F Y, H:i \\U\\h\\r",
        "short_format": "j. F Y, H:i",
        "needed": "Was wir von Ihnen brauchen",
        "needed_how": "Wie Sie es schicken, steht in unseren Nachrichten. Was sich in Worten sagen lässt, können Sie "
        "unten schreiben.",
        "add": "Etwas hinzufügen",
        "add_label": "Ihre Nachricht",
        "add_hint": "Was geschehen ist, oder was Sie seither wissen. Bitte keine Passwörter und keine Kartennummern.",
        "add_hint_done": "Stimmt etwas nicht? Schreiben Sie es hier, und wir sehen es uns noch einmal an.",
        "send": "Senden",
        "sent": "Danke. Ihre Nachricht ist angekommen.",
        "sent_more": "Wer sich um Ihr Anliegen kümmert, weiß Bescheid.",
        "error": "Ihre Nachricht wurde nicht gesendet",
        "error_empty": "Schreiben Sie zuerst etwas.",
        "error_long": "Das ist zu lang. Auf einmal gehen höchstens {most} Zeichen; Ihre Nachricht hat {count}.",
        "error_often": "Das waren viele Nachrichten in kurzer Zeit. Warten Sie zehn Minuten und senden Sie dann noch "
        "einmal: Ihr Text steht noch hier.",
        "error_other": "Gerade ging es nicht. Ihr Text steht noch hier: Senden Sie ihn in einer Minute noch einmal.",
        "said": "Was bisher gesagt wurde",
        "said_none": "Noch nichts. Hier steht, was Sie und wir einander schreiben.",
        "times_in": "Alle Zeiten: Ortszeit {place}.",
        "from_you": "Sie",
        "from_us": "Wir",
        "earlier": "Frühere Nachrichten, die hier nicht stehen: {count}. Sie haben sie in Ihren Mails.",
        "help": "Fragen, oder war der Link nicht für Sie? Schreiben Sie an {address}.",
        "private": "Wer diesen Link hat, kann diese Seite lesen. Geben Sie ihn nicht weiter.",
        "unknown_title": "Dieser Link führt zu nichts",
        "unknown": "Vielleicht ist er abgeschnitten, oder seine Zeit ist vorbei: Links enden einige Zeit, nachdem ein "
        "Anliegen abgeschlossen ist.",
        "unknown_what": "Öffnen Sie die neueste Mail, die Sie von uns haben, und nehmen Sie den Link darin. Hilft das "
        "nicht, schreiben Sie an {address}. Ihr Anliegen selbst ist nicht verloren.",
        "often_title": "Zu viele Versuche",
        "often": "Das wurde zu oft und zu schnell aufgerufen. Warten Sie einige Minuten und öffnen Sie den Link dann "
        "noch einmal. Es ist nichts verloren.",
    },
    "es": {
        "letter_action": "Ver cómo va",
        "title": "Su asunto {reference}",
        "choose_language": "Idioma",
        "skip": "Ir al contenido",
        "received": "Tenemos su asunto. Lo lleva {team}.",
        "working": "{leader} ({team}) se ocupa de ello.",
        "working_team": "{team} se ocupa de ello.",
        "waiting": "Esperamos algo que necesitamos y después seguimos.",
        "waiting_for_party": "Esperamos su respuesta y después seguimos.",
        "decided": "Hemos decidido. Nuestro último mensaje le dice cómo.",
        "done": "Este asunto está cerrado. Nuestro último mensaje le dice cómo terminó.",
        "reduced": "Tenemos su asunto.",
        "reduced_done": "Nos hemos ocupado de su asunto. Nuestro último mensaje le dice más.",
        "with_others": "Otras personas han avisado de lo mismo. Lo vemos todo junto; no hace falta contarlo otra vez.",
        "goes_on_in": "Nos ocupamos de ello junto con su asunto {reference}.",
        "steps": "El camino de su asunto",
        "step_1": "Recibido",
        "step_2": "Con un especialista",
        "step_3": "Decidido",
        "step_4": "Terminado",
        "step_past": "hecho",
        "step_now": "ahora",
        "step_next": "por venir",
        "by_when": "Cuándo",
        "answer_by": "Tendrá noticias nuestras antes de",
        "decision_by": "Decidimos antes de",
        "before_then": "Si tardamos más, se lo decimos antes.",
        "late_answer": "Le prometimos escribir antes de",
        "late_decision": "Le prometimos decidir antes de",
        "late": "Vamos con retraso y lo sentimos. Tendrá noticias nuestras en cuanto podamos.",
        "no_promise": "Le escribimos en cuanto haya algo que decir.",
        "moment": "{moment} (hora de {place})",
        "moment_utc": "{moment} (UTC)",
        "moment_format": "l j \\d\\e F \\d\\e Y, H:i",
        "short_format": "j \\d\\e F \\d\\e Y, H:i",
        "needed": "Lo que necesitamos de usted",
        "needed_how": "Nuestros mensajes dicen cómo enviarlo. Lo que se puede contar con palabras, escríbalo abajo.",
        "add": "Añadir algo",
        "add_label": "Su mensaje",
        "add_hint": "Qué ha pasado, o qué sabe desde entonces. Por favor, no envíe contraseñas ni números de tarjeta.",
        "add_hint_done": "¿Hay algo que no está bien? Escríbalo aquí y lo miramos otra vez.",
        "send": "Enviar",
        "sent": "Gracias. Su mensaje ha llegado.",
        "sent_more": "Quien se ocupa de su asunto ya lo sabe.",
        "error": "Su mensaje no se ha enviado",
        "error_empty": "Escriba algo primero.",
        "error_long": "Es demasiado largo. De una vez caben {most} caracteres como mucho; el suyo tiene {count}.",
        "error_often": "Han sido muchos mensajes en poco tiempo. Espere diez minutos y envíelo otra vez: su texto "
        "sigue aquí.",
        "error_other": "Ahora mismo no ha sido posible. Su texto sigue aquí: envíelo otra vez dentro de un minuto.",
        "said": "Lo dicho hasta ahora",
        "said_none": "Nada todavía. Aquí aparece lo que usted y nosotros nos escribimos.",
        "times_in": "Las horas son las de {place}.",
        "from_you": "Usted",
        "from_us": "Nosotros",
        "earlier": "Mensajes anteriores que no se muestran aquí: {count}. Los tiene en sus correos.",
        "help": "¿Preguntas, o el enlace no era para usted? Escriba a {address}.",
        "private": "Quien tenga este enlace puede leer esta página. No lo comparta.",
        "unknown_title": "Este enlace no abre nada",
        "unknown": "Quizá esté cortado o haya terminado: los enlaces terminan un tiempo después de cerrarse el asunto.",
        "unknown_what": "Abra el correo más reciente que tenga de nosotros y use el enlace que contiene. Si no sirve, "
        "escriba a {address}. Su asunto no se ha perdido.",
        "often_title": "Demasiados intentos",
        "often": "Se ha pedido demasiadas veces y demasiado deprisa. Espere unos minutos y abra el enlace otra vez. No "
        "se ha perdido nada.",
    },
}


def language_of(*wanted: str) -> str:
    """The first of some languages that the page speaks, `de-AT` as `de`; else English."""
    for code in wanted:
        base = code.strip().lower().replace("_", "-").partition("-")[0]
        if base in WORDS:
            return base
    return "en"


def words_in(language: str) -> Mapping[str, str]:
    """The words in a language, English where it is not spoken."""
    return WORDS[language_of(language)]
