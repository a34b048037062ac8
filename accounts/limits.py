"""Every limit, stated once with its reason. A plain number of time is in seconds."""

from datetime import timedelta

from django.conf import settings

MINUTE, HOUR = 60, 60 * 60
DAY = 24 * HOUR

# Codes (security.md K1, K5; NIST SP 800-63B-4 3.1.3.2).
CODE_DIGITS = 6
CODE_LIFETIME, SMS_PATIENCE = 10 * MINUTE, 3 * MINUTE  # the wait for an SMS (manual-sv.md); some type slowly
CODE_TRIES = 5  # then that code is dead: five tries at a million codes
# Across codes, so that another code buys no more guesses. Browsers that the account has used before have a count of
# their own (D1): ten more, which no stranger can use.
CODE_FAILURES_A_DAY = 10
# How often a day the helpdesk may wipe the counts of one account. Each time allows a stranger ten more guesses at a
# code: 40 at a million at the most.
FORGOTTEN_A_DAY = 3
SEND_COOLDOWN = MINUTE  # an SMS may be under way
# How many codes, within how many seconds.
Sends = tuple[tuple[int, int], ...]
# To one number, for one purpose: no flood of SMS. Counted apart for browsers that the account has used before (D1), so
# that ten a day reach a number at the most.
SENDS: Sends = ((1, SEND_COOLDOWN), (3, 10 * MINUTE), (5, DAY))
REGISTER_SENDS: Sends = ((3, 10 * MINUTE), (6, DAY))  # of one account, to any number: room for two mistyped ones
# How far a day's codes may go, in per cent of SMS_DAILY_LIMIT, by their purpose (D2). Anyone can ask for codes to
# reset: they stop first. To register takes a password; to sign in, a password or a link by mail; to verify, an agent.
SMS_SHARES = {"reset": 70, "register": 85, "old number": 85, "sign-in": 95, "verify": 100}
SMS_WARN_AT = 60  # per cent of SMS_DAILY_LIMIT: time to look, before the first share is used up

# A browser in which a journey was completed (security.md D1): people who reset twice a year, before each expiry, stay
# known. One cookie holds the accounts of a shared computer, the newest ones.
BROWSER_KNOWN = 180 * DAY
BROWSER_ACCOUNTS = 20

# An orderer's link by mail, with the code beside it: more in a day than codes by SMS, for some are lost on the way.
LINK_LIFETIME = 15 * MINUTE
LINK_SENDS: Sends = ((1, SEND_COOLDOWN), (3, 10 * MINUTE), (10, DAY))  # asked for from one network
# From everywhere. So many that a stranger who knows the address does not use them up, unless from many networks.
LINK_SENDS_IN_ALL: Sends = ((20, HOUR), (60, DAY))
LINK_FRESH = 15 * MINUTE  # from its press to the right code; then the mailbox has to be shown once more
LINKS_OF_A_SESSION = 20  # open links that were asked for in one browser: more than anyone presses

# The right to set one password after an accepted code (R3).
VERIFIED_LIFETIME, TIME_WARNED = 10 * MINUTE, 2 * MINUTE  # and how long before its end that is told
# A press gives as much again, ten times (WCAG 2.2.1) and not more: an open page must not stay a right for ever.
EXTENSIONS, EXTENSION_PAUSE = 10, 10  # the second of two clicks takes none
PASSWORD_REFUSALS = 30  # a person needs some tries at the rules, an attacking program needs more
SETTING_LEASE = 30  # one directory write, with fail-over; after that another try may begin

# Changing the number needs a password typed just now (G2).
PASSWORD_FRESH = 5 * MINUTE
CODE_PASSWORD_FRESH = PASSWORD_FRESH + CODE_LIFETIME  # when the number's code is entered

# Wrong passwords for one account where the directory never locks (T1): tries, and the pause that forgets them.
PASSWORD_TRIES, PASSWORD_WINDOW = 10, timedelta(minutes=30)
PASSWORD_TRIES_KEPT = DAY
# Of the wrong passwords that a lock-out of the directory leaves room for, one in so many is kept for browsers that the
# account has used before: after strangers' tries, the owner gets in with the right password (D1). Not where the
# directory locks after three: those who mistype once in a new browser must get in, too.
PASSWORD_RESERVE = 3

# The second factor of staff. Their apps make six digits each 30 seconds (RFC 6238), of which three are good at a time.
APP_CODE_DIGITS = 6
SIGN_IN_LIFETIME = 10 * MINUTE  # from the right password to the right code: the app may have to be installed first
# Wrong codes of the app in a row, for one account. They come after the right password: a thief of the password guesses
# at three in a million. Codes by SMS are not counted here, since a stranger can ask for them and mistype them. Counted
# for the account, because the pauses of django-otp are each device's own.
FACTOR_FAILURES_A_DAY = 10
RECOVERY_FAILURES_A_DAY = 10  # apart from the app's: a thief who uses those up leaves the owner a way in
FACTOR_FAILURES_TOLD = 3  # of either kind, in a row, and the owner gets a mail: people mistype one or two
RECOVERY_CODES, RECOVERY_CODE_DIGITS = 10, 12  # digits, so that the same keys of a phone type both kinds of code
FACTOR_FRESH = 5 * MINUTE  # since the second factor was shown, for what gives somebody else's account away (A3)
PASSKEY_LIFETIME = 5 * MINUTE  # of a challenge: the person may have to find the device first
PASSKEYS = 10  # of one person: more devices than anyone has
RECOVERY_CODES_FEW = 3  # time to make new ones

# The code that an administrator issues, so that a password alone connects no second factor. Handed over by voice or on
# paper, and entered after the right password: five tries at a hundred million.
ENROLMENT_CODE_DIGITS, ENROLMENT_CODE_LIFETIME, ENROLMENT_TRIES = 8, DAY, 5
SESSION_SEEN = MINUTE  # how exactly staff see when a session of theirs was last used

# Tickets of one orderer: more than a company with 2,000 employees needs, and too few to flood a queue.
TICKETS_OPEN = 50
TICKETS_A_DAY = 100
SAVED_FILTERS = 6  # of one agent: they stand in one line above the queue

# In which an orderer's other contact details verify nobody, unless a second administrator confirms them (H9). Long
# enough for the orderer to read the notice, at work again the next day.
CONTACT_WAIT = timedelta(hours=24)

RECIPIENTS = 2  # of one company's daily mail (manual-sv.md)
RECIPIENT_CONFIRMATION = timedelta(days=7)  # in which a new recipient confirms the address: a week's leave

# Automatic answers to mail (security.md M2) in an hour: to one address, and to all that are no orderers'. Addresses
# are easily made up, and their owners never asked.
MAIL_ANSWERS_EACH, MAIL_ANSWERS_IN_ALL = 5, 200
MAIL_ANSWERS_NAMED = 3  # to an orderer whom a stranger's mail names
# Tickets that unverified mails open in an hour; the next mails lie in one ticket (M5). One a minute, for a whole hour,
# is more than the helpdesk of a large municipality gets.
UNVERIFIED_MAILS_AN_HOUR = 60
# Questions to an orderer by mail, in 24 hours: of one ticket, and to one address. More than these are a call.
QUESTIONS_A_TICKET, QUESTIONS_TO_ORDERER = 3, 20
LONGEST_QUESTION = 1000  # characters, and of an answer on the orderer's pages
MAILS_ON_A_TIMELINE = 200  # that joined one ticket; more are kept, and show an agent nothing more

EXPIRES_SOON = timedelta(days=30)  # the first threshold of the daily mail (manual-sv.md)
EMPLOYEES_READ_AGAIN = 30  # between two readings that an orderer asks for: the directory serves others too

LARGEST_FILE = 2 * 1024 * 1024  # bytes of a file to import: ten times 4,000 orderers; it is read into memory

EARLIER_TICKETS = timedelta(days=365)  # and links of numbers, beside a ticket: what an agent can take in
MOST_EARLIER_TICKETS = 10

# How long things are kept (security.md Q1).
CODES_KEPT = timedelta(hours=24)
AUDIT_KEPT = timedelta(days=548)  # 18 months
# Events of the public forms that name no account: anybody makes as many as the limits by address allow. Long enough to
# look into an attack.
NOBODYS_KEPT = timedelta(days=30)
GONE_KEPT = timedelta(days=30)  # a number, after the account it belonged to
PHONE_LINKS_KEPT = timedelta(days=30)  # with the number before the link: long enough to look into a complaint
# A removed number, and how long a link to its account takes two agents (security.md H8): longer than a thief waits.
REMOVALS_WATCHED = timedelta(days=30)
BOUNCES_KEPT = timedelta(days=30)  # after the last one
BODIES_KEPT = timedelta(days=30)  # of messages, after they settled: long enough to look into a complaint
MAILS_KEPT = timedelta(days=90)  # to the helpdesk, in the mailbox and in the database
TICKETS_KEPT = timedelta(days=365)  # after they were decided; open ones stay
REFUSED_SHOWN = timedelta(days=30)  # refused messages, on the administrators' overview

# Characters that people may type.
LONGEST_USERNAME = LONGEST_PASSWORD = 256  # Active Directory's limits
LONGEST_NAME = 200
LONGEST_NUMBER = 40  # no way of writing a number needs more
LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3

# What the trail says when a limit is reached; ``accounts.audit.trail`` has it in Swedish.
TOO_MANY_WRONG_CODES = "too many wrong codes in a day"
TOO_MANY_TO_NUMBER = "too many codes to this number"
TOO_MANY_FOR_ACCOUNT = "too many codes for this account"
CONTACT_WAITS = "contact details too new"
TOO_MANY_LINKS = "too many links to this address"
TOO_MANY_SMS = "daily limit of SMS"
NO_GATEWAY = "no gateway took it"


def password_tries(threshold: int) -> tuple[int, int]:
    """How many wrong passwords may reach a directory that locks after ``threshold``, 0: never (T3, D1).

    The first number is for strangers; the second for all, with known browsers.
    """
    if not threshold:
        return PASSWORD_TRIES, 2 * PASSWORD_TRIES
    # One below the directory's own threshold; a threshold of one leaves no room to be careful.
    most = max(1, threshold - 1)
    return most - most // PASSWORD_RESERVE, most


def sms_today(purpose: str) -> int:
    """How many codes a day may have gone out, for whatever purpose, when the last one for this purpose goes (D2)."""
    return -(-settings.SMS_DAILY_LIMIT * SMS_SHARES[purpose] // 100)


# Few passwords on many accounts (D4). One that failed on so many accounts is tried on no other one for the time. More
# failed log-ins than usual leave each address a part of LIMIT_ADDRESS_FAILED_LOGINS, until an hour after the last
# ten minutes with so many: an attacker who waits ten minutes must not begin anew. People are told once an hour.
PASSWORD_ACCOUNTS, PASSWORD_ACCOUNTS_WINDOW = 10, HOUR
LOGINS_FAILING = "logins-failing"  # the key in the cache
LOGINS_FAILING_LASTS = LOGINS_FAILING_TOLD = HOUR
LOGINS_FAILING_PART = 4  # a quarter
