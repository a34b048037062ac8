"""Indexes by which lists, figures and limits read some messages, not all; two for LIKE, which nothing used, go."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0005_key'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='about',
            field=models.CharField(blank=True, max_length=36),
        ),
        migrations.AlterField(
            model_name='message',
            name='to_digest',
            field=models.CharField(max_length=64),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['to_digest'], name='notificatio_to_dige_95059c_idx'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['about'], name='notificatio_about_d84623_idx'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['created_at'], name='notificatio_created_5a3e36_idx'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['settled_at'], name='notificatio_settled_9181be_idx'),
        ),
    ]
