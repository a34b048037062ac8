"""The municipality's logo: a picture is read, and what could do more than be seen is refused."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from idportal.web.identity import pictures

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHAPES = (
    '<style>.a{{fill:url(#g)}}</style><defs><linearGradient id="g"/></defs>'
    '<path class="a" d="M0 0h9"/><use href="#g"/><image href="data:image/png;base64,AAAA"/>'
)


def svg(inside: str, root: str = 'viewBox="0 0 20 10"', before: str = "") -> bytes:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {root}>'
        f"{inside}</svg>"
    ).encode()


def problem(tmp_path: Path, data: bytes, largest: int = 4096) -> str:
    file = tmp_path / "logo"
    file.write_bytes(data)
    return pictures.problem(str(file), largest)


def test_png_and_svg_are_read(tmp_path: Path) -> None:
    file = tmp_path / "logo"
    for data, kind, width, height in (
        (DOT, "png", 1, 1),
        (svg(SHAPES.format()), "svg", 20, 10),
        (svg("", 'viewBox="0,0,20,10"'), "svg", 20, 10),
        (svg("", 'width="30px" height="15"'), "svg", 30, 15),
        (svg("<!-- drawn by hand -->", before='<?xml version="1.0" encoding="UTF-8"?>'), "svg", 20, 10),
    ):
        file.write_bytes(data)
        found = pictures.read(str(file), 4096)
        assert (found.kind, found.width, found.height) == (kind, width, height)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("<script>alert(1)</script>", "the element script"),
        ("<g><foreignObject/></g>", "the element foreignObject"),
        ('<a href="#x"><path/></a>', "the element a"),
        ('<animate attributeName="href"/>', "the element animate"),
        ('<animateTransform attributeName="x"/>', "the element animateTransform"),
        ('<path onload="alert(1)"/>', "the script onload"),
        ('<path ONCLICK="alert(1)"/>', "the script ONCLICK"),
        ('<image href="https://evil.example/x.png"/>', "an address outside of the file in href"),
        ('<image xlink:href="//evil.example/x.png"/>', "an address outside of the file in href"),
        ('<image href="data:image/svg+xml;base64,AAAA"/>', "an address outside of the file in href"),
        ('<use href="other.svg#x"/>', "an address outside of the file in href"),
        ('<path fill="url(https://evil.example/#g)"/>', "an address outside of the file in fill"),
        ("<path style=\"fill:url( '//evil.example')\"/>", "an address outside of the file in style"),
        ("<style>@import 'https://evil.example/x.css'</style>", "a style that leads out"),
        ("<style>path{fill:\\75rl(//evil.example)}</style>", "a style that leads out"),
        ("<style><![CDATA[@font-face{src:url(//evil.example)}]]></style>", "a style that leads out"),
        ("<?xml-stylesheet href='x.css'?>", "an instruction for another program"),
    ],
)
def test_y1_more_than_shapes_is_refused(tmp_path: Path, inside: str, why: str) -> None:
    assert why in problem(tmp_path, svg(inside))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_y1_a_document_type_is_refused(tmp_path: Path, encoding: str) -> None:
    before = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    data = svg("<text>&x;</text>", before=before).decode().encode(encoding)
    assert "a document type" in problem(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is neither PNG nor SVG"),
        (b"\xff\xd8\xff\xe0 a photograph", "is neither PNG nor SVG"),
        (b"<html><svg/></html>", "is neither PNG nor SVG"),
        (b'<svg viewBox="0 0 1 1"/>', "is neither PNG nor SVG"),  # of no name space, a browser shows none
        (DOT[:20], "is neither PNG nor SVG"),
        (DOT[:16] + b"\x00\x01\x00\x00" + DOT[20:], "has 65536 × 1 dots"),
        (svg("", ""), "has neither a viewBox nor a width and a height"),
        (svg("", 'viewBox="0 0 0 10"'), "has neither a viewBox nor a width and a height"),
        (svg("", 'width="100%" height="100%"'), "has neither a viewBox nor a width and a height"),
        (svg(" " * 5000), "bytes, and may have 4096"),
    ],
)
def test_no_picture_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    assert why in problem(tmp_path, data)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert pictures.problem(str(tmp_path / "none.svg"), 4096) == "can't be read (No such file or directory)"
    assert pictures.problem(str(tmp_path), 4096).startswith("can't be read")
