from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Who may change what the desk promises: approval and publication of policy versions."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_approvals()


def register_approvals() -> None:
    """Tell the engine, which cannot import this app, where approvals are kept."""
    from escalations.services.policy import approvals_kept_by
    from governance.models import Publication
    from governance.services.publication import is_recorded

    for kind in Publication.Kind.values:
        approvals_kept_by(kind, is_recorded)
