"""Puts the triggers on anew, for desks on which the first ones stand: those let `UPDATE OR REPLACE` and a write during
a publication through."""

from django.db import migrations

from playbook.published import forwards


class Migration(migrations.Migration):

    dependencies = [
        ('playbook', '0002_entries'),
    ]

    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
