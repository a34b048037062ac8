"""What the portal keeps: people and their numbers, companies and orderers, codes, second factors, and the trail."""

from accounts.models.audit import AuditEvent
from accounts.models.codes import Challenge, Purpose
from accounts.models.companies import BouncedAddress, Company, DirectoryKey
from accounts.models.events import Event
from accounts.models.orderers import Orderer
from accounts.models.phones import Phone, PhoneLink, PhoneRemoval
from accounts.models.quotas import FailedTry, SendQuota, SmsDay, TriesForgotten
from accounts.models.staff import Authenticator, RecoveryCodes, SmsFactor
from accounts.models.users import User

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
