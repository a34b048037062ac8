"""Logs: one JSON object a line, with people's numbers and addresses masked (security.md L2)."""

import logging
import re
import time

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

# The part before the @ may be quoted, and the part after it an IP address (RFC 5321 4.1.2, 4.1.3).
_MAIL = re.compile(
    r"""(?:"[^"\r\n]{1,64}"|[\w.!#$&'*+/=?^`{|}~-]{1,64})(?:@|%40)(?:\[[\w.:]{1,64}\]|[\w-]+(?:\.[\w-]+)*)"""
)

# A telephone number as people and programs write it: +46…, %2B46…, 0046…, 070-…, 4670…, with up to three punctuation
# characters between two digits. Times, durations, versions and identifiers stay readable: a number without a plus does
# not begin inside a word, a decimal or a time. But it may follow the time in the name of an SMS file.
_GAP = r"[\s()./\u2010-\u2015-]{0,3}"
_NUMBER = re.compile(
    rf"""
    (?: [+＋] | %2B ) \(? \d (?:{_GAP}\d){{6,}}
    |
    (?: (?<![\w.-]) (?<!\d:) | (?<=\dZ-) )
    (?: \(? [0０]{{1,2}} (?![0０]) \d | [4４][6６] ) (?:{_GAP}\d){{6,13}} (?![^\W_]|[:-]\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)

# JSON leaves these as they are, and some log readers end a line at them.
_LINE_ENDS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}


def masked(text: str) -> str:
    """The text without e-mail addresses and telephone numbers."""
    if "@" in text or "%40" in text:  # else it would be looked for at each letter
        text = _MAIL.sub("<address>", text)
    return _NUMBER.sub("<number>", text)


class JsonFormatter(_JsonFormatter):
    """One JSON object a line, masked in every field. Typed text can't break or forge a line."""

    converter = time.gmtime  # type: ignore[assignment]  # typeshed has it on instances only

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(_LINE_ENDS)

    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        log_data.pop("request", None)  # Django's holds headers, cookies and posted fields
        time = log_data.get("time")
        return {**{name: _masked(value) for name, value in log_data.items()}, "time": time}


def _masked(value: object) -> object:
    """The value as JSON can hold it, each text in it masked."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {masked(str(name)): _masked(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(each) for each in value]
        case _:
            return masked(str(value))
