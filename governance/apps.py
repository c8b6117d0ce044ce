from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Who may change what the desk promises: approval and publication of policy versions."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_approvals()
        register_pages()


def register_approvals() -> None:
    """Tell the engine, which cannot import this app, where approvals are kept."""
    from escalations.services.policy import approvals_kept_by
    from governance.models import Publication
    from governance.services.publication import is_recorded

    for kind in Publication.Kind.values:
        approvals_kept_by(kind, is_recorded)


def register_pages() -> None:
    """Tell the desk of the council's pages: where they are and what waits there; and the worker of what it does."""
    from django.utils.translation import gettext_lazy as _

    from escalations import panels, schedules
    from escalations.core.roles import SEE_PROPOSALS
    from governance.panels import waiting

    panels.link(
        _("Council"), icon="how_to_vote", address="/council/", may=lambda user: user.has_perm(SEE_PROPOSALS), order=60
    )
    panels.register("proposals", waiting, place="home", order=30)
    schedules.declare(
        schedules.Declared(
            "publish-words", "publish_due", "words that nobody objected to come into force", minutes=5, app="governance"
        )
    )
