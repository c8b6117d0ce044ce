"""Made-up people, shops, goods and carriers. Addresses are of the domains that are reserved for examples, telephone
numbers of the ranges that are reserved for fiction; no name is that of a company."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: First and last names by region; a region without its own takes those of `eu`.
NAMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "gb": (
        _words("Alice Callum Deborah Edwin Fiona Gareth Harriet Imran Joanna Keith Lorna Miles Nerys Owen Poppy"),
        _words("Ashdown Birtwell Cartmel Dunsford Ellery Fairhurst Goodacre Hollins Kettley Lathom Mossop Penrose"),
    ),
    "us": (
        _words("Abby Brandon Carmen Derek Elena Frank Gloria Hector Jada Kyle Luz Marcus Nicole Omar Paige"),
        _words("Abernathy Bracken Calderon Delacroix Eastwick Fontaine Hargrove Lopresti Montclair Okada Redfern"),
    ),
    "eu": (
        _words("Anneke Bastien Chiara Dorota Emil Fenna Giulia Henri Ilse Jakub Katrijn Lotte Matteo Nikolina Pavel"),
        _words("Achterberg Bellandi Carpentier Dvorský Engstrand Faucheux Grabowicz Halvorsen Lindemans Novarro"),
    ),
    "eu-de": (
        _words("Anke Benno Cornelia Dirk Elke Florian Gesine Holger Imke Jannis Kerstin Lennart Merle Norbert Silke"),
        _words("Achenbach Brodersen Dornhöfer Eickmeyer Fuhrmeister Gröning Hinrichsen Kleinhans Lüdemann Ostrop"),
    ),
    "eu-es": (
        _words("Adela Borja Carmen Damián Estela Fermín Gema Hugo Inés Jimena Lorenzo Maite Nuria Óscar Pilar"),
        _words("Alcázar Barrientos Cifuentes Durango Escudero Fontecha Galarza Hinojosa Lizarraga Montenegro"),
    ),
    "in": (
        _words("Aditi Bharat Chitra Dev Esha Gauri Harish Ishaan Jyoti Kavya Lakshmi Manish Neha Pranav Ritika"),
        _words("Adhikari Banerji Chaturvedi Deshmukh Gokhale Iyengar Kulkarni Nambiar Pillai Raghavan Subramani"),
    ),
    "br": (
        _words("Alice Bruno Camila Diego Elisa Fábio Gisele Heitor Isadora João Larissa Murilo Natália Otávio"),
        _words("Albuquerque Bittencourt Cavalcanti Drummond Figueira Guimarães Lacerda Meireles Nogueira Teixeira"),
    ),
    "jp": (
        _words("Akari Daichi Emi Fumiko Haruki Itsuki Kaede Kenji Mai Naoki Rin Saki Takumi Yui Yuto"),
        _words("Akagawa Fukushiro Hoshikawa Ikemori Kamishima Mizunaga Nishizato Okuyama Shirakawa Tsukimoto"),
    ),
    "global": (
        _words("Amina Chinedu Farah Kwame Leilani Mei Nasrin Oluwaseun Rangi Siti Thabo Wanjiru Zainab"),
        _words("Abdelrahim Baloyi Chukwura Fernandes Kamakau Mwangaza Nguyen-Tran Otieno Rahimian Tanoto"),
    ),
}

SHOP_WORDS: tuple[Sequence[str], Sequence[str]] = (
    _words("Blue Oak North Little Silver Harbour Corner Meadow Copper Lantern Juniper Paper Salt Willow Morning"),
    _words("Goods Trading Workshop & Daughters Supplies Attic Store House Depot Market Studio Parcel Room"),
)
CARRIERS = ("Nordkurier Parcel", "Swiftlane", "Paketo", "Bluebox Express", "Tern Post")
BRANDS = ("Aurelle", "Marten & Wray", "Kestrel", "Oda Norr", "Valmonte")
TOWNS: Mapping[str, Sequence[str]] = {
    "gb": ("Leeds", "Bristol", "Dundee", "Swansea", "Norwich"),
    "us": ("Tucson", "Omaha", "Durham", "Spokane", "El Paso"),
    "eu": ("Ghent", "Lyon", "Turin", "Gdansk", "Utrecht"),
    "eu-de": ("Kassel", "Bremen", "Leipzig", "Freiburg", "Hagen"),
    "eu-es": ("Zaragoza", "Murcia", "Gijón", "Málaga", "Getafe"),
    "in": ("Pune", "Jaipur", "Kochi", "Nagpur", "Lucknow"),
    "br": ("Curitiba", "Recife", "Goiânia", "Santos", "Manaus"),
    "jp": ("Sendai", "Okayama", "Niigata", "Kobe", "Sapporo"),
    "global": ("Nairobi", "Auckland", "Izmir", "Cape Town", "Hanoi"),
}
GOODS = (
    "a backpack",
    "a desk fan",
    "a set of mugs",
    "a woollen scarf",
    "a board game",
    "a bluetooth speaker",
    "a garden hose",
    "a baking tin",
    "a pair of gloves",
    "a wall clock",
)
DOMAINS = ("example.org", "example.com", "example.net")

#: How many units of a currency go for a euro where the playbook sets its limits; for stories, not for accounts.
PER_EURO: Mapping[str, float] = {"EUR": 1, "USD": 1.1, "GBP": 0.85, "BRL": 6, "INR": 100, "JPY": 170}


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person outside, or the shop of one."""

    first: str
    last: str
    shop: str = ""

    @property
    def name(self) -> str:
        """As a parcel would have it."""
        return f"{self.first} {self.last}" + (f", {self.shop}" if self.shop else "")


def person(rng: random.Random, region: str, *, seller: bool = False) -> Person:
    """Somebody of a region."""
    first, last = NAMES.get(region, NAMES["eu"])
    return Person(rng.choice(first), rng.choice(last), shop(rng) if seller else "")


def shop(rng: random.Random) -> str:
    """The name of a shop."""
    head, tail = SHOP_WORDS
    return f"{rng.choice(head)} {rng.choice(tail)}"


def address(rng: random.Random, who: Person) -> str:
    """A mail address for a made-up person; the number keeps two of the same name apart."""
    return f"{plain(who.first)}.{plain(who.last)}{rng.randrange(10, 100)}@{rng.choice(DOMAINS)}"


def telephone(rng: random.Random, region: str) -> str:
    """A telephone number of a range that is kept for films and books; empty where there is none."""
    last = rng.randrange(1000)
    return {
        "gb": f"+44 1632 960{last:03d}",
        "us": f"+1 202 555 01{last % 100:02d}",
        "eu-de": f"+49 30 23125 {last:03d}",
    }.get(region, "")


def plain(word: str) -> str:
    """A name as it stands in an address: no accents, no capitals, nothing but letters."""
    bare = unicodedata.normalize("NFKD", word.replace("ø", "o").replace("ß", "ss"))
    return "".join(letter for letter in bare.lower() if letter.isascii() and letter.isalpha())


def month_day(month: int, day: int, language: str) -> str:
    """A date as people write it in a sentence."""
    months = MONTHS[language if language in MONTHS else "en"]
    return {"de": f"{day}. {months[month - 1]}", "es": f"{day} de {months[month - 1]}"}.get(
        language, f"{day} {months[month - 1]}"
    )


MONTHS: Mapping[str, Sequence[str]] = {
    "en": _words("January February March April May June July August September October November December"),
    "de": _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    "es": _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
}
