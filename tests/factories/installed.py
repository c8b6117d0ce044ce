"""`python -m tests.factories.installed`: the market's policy, installed on the migrated database of DATABASE_URL.

For tests and benches whose desk runs in processes of its own.
"""

from __future__ import annotations

import os


def main() -> None:
    """Install the market's policy as the first version, in force from now on."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()

    from django.utils import timezone

    from tests.core.policies import market_document
    from tests.governance.publishing import installer, trusting

    with trusting("test") as kept:
        installer(kept)(market_document(), now=timezone.now())


if __name__ == "__main__":
    main()
