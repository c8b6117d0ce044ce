"""The tables of the playbook: editions as they are written, their rows, the knowledge base beside them, who read which
page, who learns what, and past decisions."""

from playbook.models.article import Article, ArticleCategory, ArticleText, Feedback, Revision, Solved
from playbook.models.edition import Edition
from playbook.models.entry import Entry
from playbook.models.onboarding import Acknowledgement, DrillAnswer, DrillCard, Enrolment, Studied
from playbook.models.precedent import Precedent
from playbook.models.reading import PageReading

__all__ = [
    "Acknowledgement",
    "Article",
    "ArticleCategory",
    "ArticleText",
    "DrillAnswer",
    "DrillCard",
    "Edition",
    "Enrolment",
    "Entry",
    "Feedback",
    "PageReading",
    "Precedent",
    "Revision",
    "Solved",
    "Studied",
]
