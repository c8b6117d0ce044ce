"""Checks of `manage.py doctor`, by what they look at."""
