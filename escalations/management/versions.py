"""The policy version that a command works on: the one in force, or the one that `--policy-version` names."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.utils import timezone

from escalations.errors import NoPolicy
from escalations.models import PolicyVersion
from escalations.selectors import law

WRONG, MISUSED = 1, 2
"""Exit statuses: something is wrong with the desk; something is wrong with the call."""


def chosen_version(number: int | None) -> PolicyVersion:
    """The version of that number, or the one in force when None.

    Raises CommandError: status 1 when none is in force, 2 for a number that does not exist, naming those that do.
    """
    if number is None:
        try:
            return law.in_force(timezone.now())
        except NoPolicy as error:
            raise CommandError(str(error), returncode=WRONG) from None
    version = PolicyVersion.objects.filter(number=number).first()
    if version is None:
        there = ", ".join(map(str, PolicyVersion.objects.order_by("number").values_list("number", flat=True)))
        raise CommandError(
            f"--policy-version: there is no version {number} (there are {there or 'none yet'})", returncode=MISUSED
        )
    return version
