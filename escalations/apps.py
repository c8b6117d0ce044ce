from django.apps import AppConfig


class EscalationsConfig(AppConfig):
    """What happens on the desk: cases, clocks, handoffs, messages, and the policy version in force."""

    name = "escalations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Workers begin at once with what is due every minute; sign-ins and changes of rights are heard."""
        from django_q.signals import post_spawn

        from escalations import schedules, watch
        from escalations.inbound.signin import sso

        watch.connect()
        sso.connect()

        post_spawn.connect(schedules.begin_at_once, dispatch_uid="escalations.begin_at_once")
