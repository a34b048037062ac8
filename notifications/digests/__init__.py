"""The daily mail about passwords that expire soon. Source: manual-sv.md, "Påminnelse om när lösenordets…".

A *run* belongs to a day and tells each threshold that was reached since the last one. Each company's recipients get a
mail of their own. The helpdesk is told of the accounts that no recipient is told of.
"""

from notifications.digests.plan import Plan, PlannedMessage, look
from notifications.digests.rows import DigestRow
from notifications.digests.runs import catch_up, run, take_back

__all__ = ["DigestRow", "Plan", "PlannedMessage", "catch_up", "look", "run", "take_back"]
