"""What the portal stores: people and their numbers, companies and orderers, codes, second factors, and the trail."""

from accounts.models.audit import AuditEvent, Event
from accounts.models.codes import Challenge, FailedTry, Purpose, SendQuota, SmsDay, TriesForgotten
from accounts.models.companies import BouncedAddress, Company, DirectoryKey, Orderer
from accounts.models.passkeys import Passkey
from accounts.models.staff import EnrolmentCode, StaffSession
from accounts.models.users import Authenticator, Phone, PhoneLink, PhoneRemoval, RecoveryCodes, User
