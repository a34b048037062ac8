"""A ticket's messages say ticket: in what they are about, and in the key that keeps a second one back."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Value
from django.db.models.functions import Replace

TOPICS = ("opened", "corrected", "decided")


def rename(apps: Apps, before: str, after: str) -> None:
    messages = apps.get_model("notifications", "Message")._default_manager
    for topic in TOPICS:
        old, new = f"{before} {topic}", f"{after} {topic}"
        messages.filter(purpose=old).update(purpose=new, key=Replace(F("key"), Value(old), Value(new)))


def to_tickets(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename(apps, "request", "ticket")


def to_requests(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename(apps, "ticket", "request")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0015_questions")]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='purpose',
            field=models.CharField(choices=[('digest', 'utgående lösenord'), ('digest to helpdesk', 'utgående lösenord utan mottagare'), ('expiry reminder', 'påminnelse till medarbetaren'), ('phone registered', 'nummer registrerat'), ('phone replaced', 'nummer ändrat'), ('password reset', 'lösenord bytt'), ('app connected', 'app kopplad'), ('passkey added', 'passkey sparad'), ('passkey removed', 'passkey borttagen'), ('recovery codes made', 'återställningskoder gjorda'), ('factor removed', 'tvåstegsverifiering borttagen'), ('enrolment issued', 'startkod gjord'), ('enrolment stopped', 'startkod stoppad'), ('new browser', 'ny webbläsare'), ('wrong codes', 'fel koder vid inloggning'), ('app stopped', 'appens koder stoppade'), ('recovery stopped', 'återställningskoder stoppade'), ('logins failing', 'många misslyckade inloggningar'), ('sign-in link', 'inloggningslänk till beställare'), ('ticket opened', 'ärende skapat'), ('ticket corrected', 'ärende rättat'), ('ticket decided', 'ärende avgjort'), ('ticket question', 'fråga till beställare'), ('mail answered', 'svar på mejl till helpdesk'), ('phone linked', 'nummer kopplat'), ('phone link told', 'nummer kopplat, kan stoppas'), ('phone link stopped', 'nytt nummer stoppat'), ('phone removed', 'nummer borttaget'), ('confirm recipient', 'mottagare ska bekräfta'), ('recipients changed', 'mottagare ändrade'), ('orderer changed', 'beställare ändrad')], max_length=20),
        ),
        migrations.RunPython(to_tickets, to_requests),
    ]
