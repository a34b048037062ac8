"""The municipality's pictures. A file that could do more in a browser than be shown is refused."""

import re
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

LARGEST_LOGO, LARGEST_FAVICON = 32 * 1024, 8 * 1024  # bytes: each new visitor's telephone downloads them
LARGEST_SIDE = 2048  # dots of a PNG

_SVG = "{http://www.w3.org/2000/svg}svg"
_PNG = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(.{8})", re.DOTALL)
_ACTIVE = {"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "set", "handler", "a"}
_WITHIN = r"#|data:image/(?:png|jpeg);base64,"
_LEADS_OUT = re.compile(rf"@import|javascript:|\\|url\(\s*['\"]?(?!{_WITHIN})", re.IGNORECASE)
_HREF = re.compile(rf"\s*(?:{_WITHIN})", re.IGNORECASE)


@dataclass(frozen=True)
class Picture:
    """``width`` and ``height`` in dots, or in the units of its viewBox."""

    data: bytes
    kind: str  # "svg" or "png"
    width: float
    height: float


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:12]


def read(path: str, largest: int) -> Picture:
    """The picture in the file, of so many bytes at most. Raises ValueError, which says what the file is or has."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror})") from error
    if len(data) > largest:
        raise ValueError(f"has {len(data)} bytes, and may have {largest}")
    if header := _PNG.match(data):
        width, height = struct.unpack(">II", header[1])
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise ValueError(f"has {width} × {height} dots, and may have {LARGEST_SIDE} each way")
        return Picture(data, "png", width, height)
    return _svg(data)


def problem(path: str, largest: int) -> str:
    """What ``read`` says of the file, or ""."""
    try:
        read(path, largest)
    except ValueError as error:
        return str(error)
    return ""


def _svg(data: bytes) -> Picture:
    from lxml import etree  # here, since each command checks the settings, and few have an SVG

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("is neither PNG nor SVG") from error
    if root.tag != _SVG:
        raise ValueError("is neither PNG nor SVG")
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("has a document type, in which more than a picture can hide")
    if list(root.getroottree().xpath("//processing-instruction()")):
        raise ValueError("has an instruction for another program")
    for node in root.iter("*"):
        if why := _more_than_shapes(node):
            raise ValueError(why)
    return Picture(data, "svg", *_size(root))


def _more_than_shapes(node: Any) -> str:
    """What the element has that runs, or that leads out of the file; or ""."""
    name = _local(node.tag)
    if name in _ACTIVE or name.startswith("animate"):
        return f"has the element {name}"
    if name == "style" and _LEADS_OUT.search("".join(node.itertext())):
        return "has a style that leads out of the file"
    for attribute, value in node.attrib.items():
        local = _local(attribute)
        if local.lower().startswith("on"):
            return f"has the script {local}"
        if _LEADS_OUT.search(value) or (local in ("href", "src") and not _HREF.match(value)):
            return f"has an address outside of the file in {local}"
    return ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _size(root: Any) -> tuple[float, float]:
    """By the viewBox, or else by width and height."""
    box = root.get("viewBox", "").replace(",", " ").split()[2:4]
    try:
        width, height = map(float, box or [root.get(side, "").removesuffix("px") for side in ("width", "height")])
    except ValueError:
        width = height = 0.0
    if not (width > 0 and height > 0):
        raise ValueError("has neither a viewBox nor a width and a height")
    return width, height
