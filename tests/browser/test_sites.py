"""Three municipalities that are made up, one of them a region: axe is silent on the look of each."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.as_site import MADE_UP, dress
from tests.browser.states import OF_A_SITE
from tests.browser.states.admin import PAGES, Eva, register
from tests.browser.test_accessibility import _TOO_WIDE, axe, rules_for
from tests.browser.visitor import Visitor

# 4.5:1, as the checks of the settings ask. The portal's own colours have 7:1.
CONTRAST = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}


def same_in_both(visitor: Visitor, name: str) -> None:
    """The logo is there, and all can be read, in the light and in the dark."""
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        expect(visitor.page.locator("img.logo")).to_be_visible()
        visitor.page.evaluate("document.querySelector('img.logo').decode()")  # fails for a broken picture
        assert axe(visitor.page, CONTRAST) == "", (name, scheme)


@pytest.mark.parametrize("site", MADE_UP)
def test_the_look_of_another_municipality(site: str, visitor: Visitor) -> None:
    """Its pictures and colours keep the Content-Security-Policy, too: the visitor's guard would complain."""
    dress(visitor.portal.settings, site)
    for state in OF_A_SITE:
        state.visit(visitor)
        assert axe(visitor.page, rules_for(state)) == ""
        same_in_both(visitor, state.name)
        visitor.page.set_viewport_size({"width": 320, "height": 640})
        assert visitor.page.evaluate(_TOO_WIDE) == [], state.name


@pytest.mark.slow
@pytest.mark.parametrize("site", MADE_UP)
def test_the_admin_of_another_municipality(site: str, visitor: Visitor) -> None:
    dress(visitor.portal.settings, site)
    eva = Eva(visitor)
    PAGES[next(iter(PAGES))](eva, register(eva))
    same_in_both(visitor, "admin")
