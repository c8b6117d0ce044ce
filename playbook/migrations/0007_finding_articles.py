"""The index that articles are searched by."""

from django.db import migrations

from playbook.finding import backwards, forwards


class Migration(migrations.Migration):

    dependencies = [
        ('playbook', '0006_articles'),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
    ]
