from django.apps import AppConfig


class PlaybookConfig(AppConfig):
    """What the desk promises: editions, their compilation into policy documents, and the pages to read them."""

    name = "playbook"
    default_auto_field = "django.db.models.BigAutoField"
