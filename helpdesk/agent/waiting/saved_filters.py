"""An agent's own filters of the queue, each under a name."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User
from helpdesk.agent.waiting.queue_filter import WORDS, QueueFilter
from helpdesk.models import SavedFilter
from idportal.text import one_line


class FilterRefused(Exception):
    """Nothing was saved. The text says what to do."""


def shown(agent: User, wanted: QueueFilter) -> list[tuple[SavedFilter, str, bool]]:
    """Each with its address, and whether it is what the queue shows."""
    return [
        (
            each,
            reverse("helpdesk-queue", query={name: each.words[name] for name in WORDS if name in each.words}),
            each.words == wanted.words,
        )
        for each in agent.saved_filters.all()
    ]


@transaction.atomic
def save(agent: User, name: str, wanted: QueueFilter) -> SavedFilter:
    """Keeps the filter without its search (X1), in place of one of the same name. Raises FilterRefused."""
    name = one_line(name)
    longest = SavedFilter._meta.get_field("name").max_length
    if not 0 < len(name) <= (longest or 0):
        raise FilterRefused(_("Ge filtret ett namn med högst %(count)d tecken.") % {"count": longest})
    User.objects.select_for_update(no_key=True).get(pk=agent.pk)  # of two at once the second one counts the first
    others = agent.saved_filters.exclude(name=name)
    if others.count() >= limits.SAVED_FILTERS:
        words = _("Du har redan %(count)d sparade filter. Ta bort ett först.")
        raise FilterRefused(words % {"count": limits.SAVED_FILTERS})
    return SavedFilter.objects.update_or_create(agent=agent, name=name, defaults={"words": wanted.words})[0]
