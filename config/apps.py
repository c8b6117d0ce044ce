from django.apps import AppConfig


class WiringConfig(AppConfig):
    """The wires: settings, addresses, health pages, the command that prepares a desk. No rules, no tables."""

    name = "config"
    verbose_name = "Wiring"
