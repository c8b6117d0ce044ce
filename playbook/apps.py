from django.apps import AppConfig


class PlaybookConfig(AppConfig):
    """What the desk promises: editions, their compilation into policy documents, and the pages to read them."""

    name = "playbook"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from escalations import append_only, panels
        from escalations.core.roles import READ_PLAYBOOK
        from playbook.published import missing

        panels.link(
            _("Playbook"),
            icon="menu_book",
            address="/playbook/",
            may=lambda user: user.has_perm(READ_PLAYBOOK),
            order=30,
        )
        register_articles()
        register_reading()
        append_only.register("published editions", missing)


def register_articles() -> None:
    """Tell the desk of the knowledge base and of past decisions: where they are, what of them stands beside a case,
    and what waits; and the worker and its letters of who is reminded of what."""
    from django.utils.translation import gettext_lazy as _

    from escalations import panels, schedules
    from escalations.core.roles import READ_PLAYBOOK
    from escalations.outbound import matters
    from playbook import outbound
    from playbook.panels import at_home, beside, decided, passage

    panels.link(
        _("Articles"),
        icon="article",
        address="/playbook/articles/",
        may=lambda user: user.has_perm(READ_PLAYBOOK),
        order=40,
    )
    panels.link(
        _("Precedents"),
        icon="gavel",
        address="/playbook/precedents/",
        may=lambda user: user.has_perm(READ_PLAYBOOK),
        order=41,
    )
    panels.register("passage", passage, order=11)
    panels.register("articles", beside, order=25)
    panels.register("precedents", decided, order=26)
    panels.register("articles", at_home, place="home", order=40)
    matters.declare(outbound.ARTICLES, outbound.articles)
    schedules.declare(
        schedules.Declared(
            "remind-articles",
            "remind_of_articles",
            "each morning owners are told of their articles that are due for review",
            minutes=60,
            app="playbook",
        )
    )


def register_reading() -> None:
    """Tell the desk who has not taken in what a version changed, and show it to them at home."""
    from escalations import panels, unread
    from playbook.panels import news_at_home
    from playbook.selectors.unread import behind

    unread.register(behind)
    panels.register("news", news_at_home, place="home", order=10)
