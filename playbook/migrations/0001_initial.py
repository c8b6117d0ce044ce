# Written by makemigrations; one file, because nothing of it was ever released.
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('escalations', '0002_events_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('compiled', 'compiled'), ('published', 'published'), ('withdrawn', 'withdrawn')], default='draft', max_length=12, verbose_name='state')),
                ('origin', models.CharField(blank=True, default='', help_text='The preset or file that it was read from.', max_length=200, verbose_name='origin')),
                ('source', models.TextField(help_text='Canonical JSON of the edition, pages and scenarios inside.', verbose_name='as written')),
                ('source_digest', models.CharField(db_index=True, max_length=64, verbose_name='digest of the source')),
                ('document', models.TextField(blank=True, default='', help_text='What it compiled to.', verbose_name='policy document')),
                ('policy_digest', models.CharField(blank=True, db_index=True, default='', max_length=64, verbose_name='policy digest')),
                ('edition_digest', models.CharField(blank=True, db_index=True, default='', max_length=64, verbose_name='edition digest')),
                ('part_digests', models.JSONField(blank=True, default=dict, verbose_name='digests of the parts')),
                ('pages', models.JSONField(blank=True, default=dict, verbose_name='text digests of the pages')),
                ('successors', models.JSONField(blank=True, default=dict, verbose_name='successors of retired keys')),
                ('warnings', models.JSONField(blank=True, default=list, verbose_name='warnings')),
                ('notes', models.JSONField(blank=True, default=dict, help_text='Horizon of public holidays, versions of libraries.', verbose_name='compiled with')),
                ('effective_at', models.DateTimeField(blank=True, null=True, verbose_name='in force from')),
                ('effective_zone', models.CharField(default='UTC', max_length=64, verbose_name='zone of that time')),
                ('created_at', models.DateTimeField(verbose_name='begun at')),
                ('compiled_at', models.DateTimeField(blank=True, null=True, verbose_name='compiled at')),
                ('base_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalations.policyversion', verbose_name='written from')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'edition',
                'ordering': ['-id'],
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'withdrawn']), models.Q(('edition_digest', ''), _negated=True), _connector='OR'), name='compiled_edition_has_digest')],
            },
        ),
    ]
