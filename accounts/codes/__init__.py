"""Codes by SMS for users and orderers (security.md K1 to K5). A *challenge* is one browser's attempt at one journey."""

from accounts.codes.challenges import ask, ask_again, check, end_challenge, end_challenges, plain, resend_in
from accounts.codes.delivery import register_matter, send_code, text
from accounts.codes.withheld import why_withheld, words
from accounts.throttling.counts import failures, used_up
