# Written by makemigrations; one file, because nothing of it was ever released.
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('escalations', '0002_events_append_only'),
        ('playbook', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('bootstrap', 'first playbook of an empty desk')], max_length=32, verbose_name='kind')),
                ('reference', models.CharField(max_length=120, unique=True, verbose_name='reference')),
                ('edition_digest', models.CharField(db_index=True, max_length=64, verbose_name='approved digest')),
                ('effective_at', models.DateTimeField(verbose_name='in force from')),
                ('approved_at', models.DateTimeField(verbose_name='approved at')),
                ('approved_by', models.CharField(max_length=150, verbose_name='approved by')),
                ('reason', models.TextField(verbose_name='reason')),
                ('steps', models.JSONField(default=dict, help_text='Step -> when it was done.', verbose_name='steps done')),
                ('approver', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('edition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='playbook.edition', verbose_name='edition')),
                ('version', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalations.policyversion', verbose_name='version')),
            ],
            options={
                'verbose_name': 'publication',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('kind', 'bootstrap')), fields=('kind',), name='one_bootstrap')],
            },
        ),
    ]
