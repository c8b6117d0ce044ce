"""The tables of the playbook: editions as they are written, their rows, and the knowledge base beside them."""

from playbook.models.article import Article, ArticleCategory, ArticleText, Feedback, Revision, Solved
from playbook.models.edition import Edition
from playbook.models.entry import Entry

__all__ = ["Article", "ArticleCategory", "ArticleText", "Edition", "Entry", "Feedback", "Revision", "Solved"]
