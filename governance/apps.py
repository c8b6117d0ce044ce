from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Who may change what the desk promises: approval and publication of policy versions."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"
