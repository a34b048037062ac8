"""A page as a screen reader has it: Chromium's accessibility tree in reading order, and what would be read badly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.sync_api import Page

FIELDS = frozenset(["checkbox", "combobox", "listbox", "radio", "searchbox", "spinbutton", "switch", "textbox"])
CONTROLS = FIELDS | {"button", "DisclosureTriangle", "link", "tab"}


class Node(NamedTuple):
    """What is read at one stop. ``within``: the roles and names around it, from the outside in."""

    role: str
    name: str
    description: str
    state: dict[str, Any]
    within: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        level = f" {self.state['level']}" if self.role == "heading" else ""
        return f"{self.role}{level}: {self.name}"

    def is_heard(self, stop: str) -> bool:
        """Whether it is the stop of a transcript: a field may have a hint behind its name."""
        what, _, more = stop.partition(" | ")
        begins = str(self).startswith(f"{what} ") and self.role in FIELDS
        return (str(self) == what or begins) and more in self.description

    @property
    def invalid(self) -> bool:
        return self.state.get("invalid") == "true"

    def is_in(self, role: str) -> bool:
        return any(each == role for each, _name in self.within)


def read(page: Page) -> list[Node]:
    """All that a screen reader meets, from the top to the end."""
    session = page.context.new_cdp_session(page)
    found = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    nodes = {each["nodeId"]: each for each in found}
    return list(_walk(nodes, found[0]["nodeId"], ()))


def _walk(nodes: dict[str, Any], at: str, within: tuple[tuple[str, str], ...]) -> Iterator[Node]:
    if (raw := nodes.get(at)) is None:
        return
    if not raw.get("ignored"):
        role, name, description = (raw.get(key, {}).get("value", "") for key in ("role", "name", "description"))
        state = {each["name"]: each["value"].get("value") for each in raw.get("properties", [])}
        yield Node(role, " ".join(name.split()), " ".join(description.split()), state, within)
        within = (*within, (role, name))
    for child in raw.get("childIds", []):
        yield from _walk(nodes, child, within)


def not_heard(nodes: Sequence[Node], stops: Sequence[str]) -> list[str]:
    """The stops that are not made, or not in this order."""
    ahead = iter(nodes)
    return [stop for stop in stops if not any(node.is_heard(stop) for node in ahead)]


def problems(nodes: Sequence[Node]) -> list[str]:
    """What somebody who only hears the page would stumble over."""
    within = [*_dialogs(nodes)] if any(_is_modal(each) for each in nodes) else [*_places(nodes), *_headings(nodes)]
    return [*within, *_controls(nodes), *_mistakes(nodes)]


def _is_modal(node: Node) -> bool:
    return node.role in ("dialog", "alertdialog") and bool(node.state.get("modal"))


def _dialogs(nodes: Sequence[Node]) -> Iterator[str]:
    """A dialog has a name, and hides the page behind it."""
    yield from ("a dialog without a name" for each in nodes if _is_modal(each) and not each.name)
    yield from ("the page behind a dialog is read" for each in nodes if each.role == "main")


def _places(nodes: Sequence[Node]) -> Iterator[str]:
    count = Counter(each.role for each in nodes)
    for role, least in (("banner", 0), ("main", 1), ("contentinfo", 0)):
        if not least <= count[role] <= 1:
            yield f"{count[role]} × {role}"
    named = Counter(each.name for each in nodes if each.role == "navigation")
    yield from (f"{times} × navigation {name!r}" for name, times in named.items() if times > 1 or not name)


def _headings(nodes: Sequence[Node]) -> Iterator[str]:
    headings = [each for each in nodes if each.role == "heading" and each.is_in("main")]
    if [each.state["level"] for each in headings].count(1) != 1:
        yield f"no single heading of level 1: {[str(each) for each in headings]}"
    yield from (f"an empty {each.role}" for each in nodes if each.role in ("heading", "image", "img") and not each.name)
    after = headings[next((at for at, each in enumerate(headings) if each.state["level"] == 1), 0) :]
    for before, each in pairwise(after):
        if each.state["level"] > before.state["level"] + 1:
            yield f"{before} is followed by {each}"


def _controls(nodes: Sequence[Node]) -> Iterator[str]:
    controls = [each for each in nodes if each.role in CONTROLS]
    yield from (f"a {each.role} without a name" for each in controls if not each.name)
    alike = Counter(_sounds(each) for each in controls if each.role in FIELDS | {"button"})
    yield from (f"{times} × {what}" for what, times in alike.items() if times > 1)


def _sounds(control: Node) -> tuple[str, ...]:
    """A control with what tells it from others: its description, and the named group, row or region around it."""
    named = [name for role, name in control.within if role in ("group", "region", "row", "form", "article") and name]
    return (control.role, control.name, control.description, *named)


def _mistakes(nodes: Sequence[Node]) -> Iterator[str]:
    fields = [each for each in nodes if each.role in FIELDS]
    told = " ".join(each.description for each in fields)
    for each in fields:
        if each.invalid and not each.description:
            yield f"{each} does not say what is wrong"
    summary = [each for each in nodes if each.role == "link" and each.is_in("region") and _to_field(each)]
    yield from (f"no field says {each.name!r}" for each in summary if each.name not in told)
    if summary and fields and nodes.index(summary[0]) > nodes.index(fields[-1]):
        yield "the summary of what went wrong comes after the fields"


def _to_field(link: Node) -> bool:
    return "#id_" in str(link.state.get("url", ""))
