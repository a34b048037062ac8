"""A mail as its reader sees it: sender, recipient, and the HTML part below."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

from playwright.sync_api import Browser

_PAGE = """\
<!DOCTYPE html>
<html lang="sv">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ margin: 0; font: 16px/24px Arial, Helvetica, sans-serif; }}
  header {{ padding: 12px 16px; border-bottom: 1px solid #8fa4ad; }}
  dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 12px; margin: 0; }}
  dt {{ opacity: .75; }}
  dd {{ margin: 0; overflow-wrap: anywhere; }}
  iframe {{ display: block; width: 100%; border: 0; }}
</style>
</head>
<body>
<header>
  <dl>
    <dt>Från</dt><dd>{sender}</dd>
    <dt>Till</dt><dd>{to}</dd>
    <dt>Ämne</dt><dd><strong>{subject}</strong></dd>
    <dt>Datum</dt><dd>{date}</dd>
  </dl>
</header>
<iframe title="Mejlet" srcdoc="{html}"></iframe>
</body>
</html>
"""


def page(mail: bytes) -> str:
    """The mail view of a mail as it is on the wire. It needs nothing but itself."""
    message = message_from_bytes(mail, _class=EmailMessage, policy=policy.default)
    part = message.get_body(("html",))
    assert part is not None, "the mail has no HTML part"
    date = message["Date"].datetime
    assert isinstance(date, datetime)
    return _PAGE.format(
        subject=escape(message["Subject"]),
        sender=escape(message["From"]),
        to=escape(message["To"]),
        date=f"{date:%Y-%m-%d %H:%M}",
        html=escape(part.get_content()),
    )


def take(browser: Browser, mail: bytes, size: tuple[int, int], path: Path) -> None:
    """A picture of the whole mail in a window of this size."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="sv-SE")
    tab = context.new_page()
    tab.set_content(page(mail))
    # An iframe doesn't grow with what is in it.
    tab.evaluate(
        "() => { const f = document.querySelector('iframe'); f.height = f.contentDocument.body.scrollHeight; }"
    )
    tab.screenshot(path=path, full_page=True)
    context.close()
