"""Events are append-only: the database itself refuses UPDATE and DELETE."""

from django.db import migrations

from escalations.append_only import backwards, forwards


class Migration(migrations.Migration):
    dependencies = [("escalations", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
