"""What the portal keeps of people: who they are in the directory, their numbers, their codes, and the trail."""

from accounts.models.challenges import Challenge, Purpose
from accounts.models.counts import FailedTry, SendQuota, SmsDay
from accounts.models.people import Phone, User
from accounts.models.trail import AuditEvent, Event

__all__ = ["AuditEvent", "Challenge", "Event", "FailedTry", "Phone", "Purpose", "SendQuota", "SmsDay", "User"]
