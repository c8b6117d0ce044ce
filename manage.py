#!/usr/bin/env python3
"""Django's command line, with the settings of a developer's machine unless told otherwise.

An installation sets DJANGO_SETTINGS_MODULE=config.settings.prod in its environment; those settings
refuse to start without keys. The settings of a developer's machine make keys of their own in var/keys.
"""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this Python. Run `make venv`, then .venv/bin/python manage.py ..."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
