"""Names the browser and its system from the User-Agent header, in which anybody may write anything."""

import re

# In this order: most browsers also say that they are others.
_BROWSERS = {
    "Edge": r"Edg(?:e|A|iOS)?/",
    "Opera": r"OPR/|Opera",
    "Samsung Internet": r"SamsungBrowser/",
    "Firefox": r"Firefox/|FxiOS/",
    "Chrome": r"Chrom(?:e|ium)/|CriOS/",
    "Safari": r"Safari/",
}
_SYSTEMS = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Chromebook": r"CrOS",
    "Windows": r"Windows",
    "Mac": r"Macintosh|Mac OS X",
    "Linux": r"Linux",
}


def in_words(header: str) -> str:
    """As "Firefox, Windows": the names alone, the same in every language; "" if it says neither."""
    found = (
        next((name for name, pattern in names.items() if re.search(pattern, header)), "")
        for names in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, found))
