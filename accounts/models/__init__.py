"""What the portal keeps: people and their numbers, companies and orderers, codes, second factors, and the trail."""

from accounts.models.challenges import Challenge, Purpose
from accounts.models.companies import BouncedAddress, Company, DirectoryKey, Orderer
from accounts.models.counts import FailedTry, SendQuota, SmsDay, TriesForgotten
from accounts.models.people import Phone, PhoneLink, PhoneRemoval, User
from accounts.models.second_factor import Authenticator, RecoveryCodes, SmsFactor
from accounts.models.trail import AuditEvent, Event

__all__ = [
    "AuditEvent",
    "Authenticator",
    "BouncedAddress",
    "Challenge",
    "Company",
    "DirectoryKey",
    "Event",
    "FailedTry",
    "Orderer",
    "Phone",
    "PhoneLink",
    "PhoneRemoval",
    "Purpose",
    "RecoveryCodes",
    "SendQuota",
    "SmsDay",
    "SmsFactor",
    "TriesForgotten",
    "User",
]
