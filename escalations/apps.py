from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    """What happens on the desk: cases, clocks, handoffs, messages, and the policy version in force."""

    name = "escalations"
    default_auto_field = "django.db.models.BigAutoField"
