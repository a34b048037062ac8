"""Logs: one JSON object a line, without the numbers and addresses of people (security.md L2)."""

from __future__ import annotations

import logging
import re

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")
# A telephone number as people and programs write it: +46…, 0046…, 070-…, 4670….
_NUMBER = re.compile(r"(?<![\w.:-])(?:\+\(?|\(?0|46)\d?(?:[\s().-]{0,2}\d){6,14}(?![\w:-])")


def masked(text: str) -> str:
    """The text without e-mail addresses and telephone numbers."""
    return _NUMBER.sub("<number>", _MAIL.sub("<address>", text))


class Mask(logging.Filter):
    """Masks the message and its arguments before any formatter sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = masked(record.getMessage())
        record.args = None
        for name, value in list(vars(record).items()):
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, masked(value))
        return True


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(_JsonFormatter):
    """JSON escapes line breaks, so that what a person types can't forge a line."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.default_msec_format = "%s.%03dZ"
        import time

        self.converter = time.gmtime

    # The request object that Django attaches holds headers, cookies and posted fields.
    def process_log_record(self, log_data: dict[str, object]) -> dict[str, object]:
        log_data.pop("request", None)
        for field in ("exc_info", "stack_info"):
            if isinstance(log_data.get(field), str):
                log_data[field] = masked(str(log_data[field]))
        return log_data
