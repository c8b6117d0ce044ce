"""Somebody at a browser: finds things by role, label and what is written on them, as a person does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PASSWORD = "correct horse battery"


class Somebody:
    """A person with one page open. The only address that they ever type is the desk's own."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    # ------------------------------------------------------------------------------------------------ coming and going

    def come_in(self) -> None:
        """Type the desk's address."""
        self.page.goto(self.url)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in with the form that is open."""
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_label("Password", exact=True)).to_have_count(0)

    def sign_out(self, name: str) -> None:
        """Sign out by the menu of one's own name."""
        self.page.get_by_role("button", name=re.compile(rf"\b{name}\b")).click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_label("Username")).to_be_visible()

    def follow(self, name: str) -> None:
        """Follow a link of the navigation; return when its page is there."""
        with self.page.expect_navigation():
            self.page.get_by_role("navigation").get_by_role("link", name=re.compile(rf"\b{name}$")).first.click()

    def go_home(self) -> None:
        """Go home by the navigation."""
        self.follow("Home")

    # -------------------------------------------------------------------------------------------------------- the page

    @property
    def main(self) -> Locator:
        """The page's content, without navigation."""
        return self.page.get_by_role("main")

    @property
    def bar(self) -> Locator:
        """What can be done now, on a case."""
        return self.page.get_by_role("group", name="What can be done now")

    def box(self, name: str) -> Locator:
        """A part of the page, by its heading."""
        return self.main.get_by_role("region", name=name)

    def reads(self, *texts: str | re.Pattern[str], inside: Locator | None = None) -> None:
        """See each of ``texts`` on the page."""
        for text in texts:
            expect((inside or self.main).get_by_text(text).first).to_be_visible()

    def is_told(self, text: str) -> None:
        """Be told that something was done."""
        expect(self.page.get_by_role("status").get_by_text(text)).to_be_visible()

    def open_case(self, summary: str, *, box: str = "") -> None:
        """Follow the line of a case to its page."""
        place = self.box(box) if box else self.main
        place.get_by_role("link", name=summary).first.click()
        expect(self.main.get_by_role("heading", name=summary, level=1)).to_be_visible()

    def open_tab(self, name: str) -> None:
        """Open a part of the case."""
        tabs = self.page.get_by_role("navigation", name="Parts of the case")
        tabs.get_by_role("link", name=name).click()
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")

    # ------------------------------------------------------------------------------------------------------------ acts

    def press(self, act: str) -> None:
        """Do an act that needs no form."""
        self.bar.get_by_role("button", name=act).click()

    def begin(self, act: str) -> Locator:
        """Open the form of an act, from the bar or from the menu behind it; return the form."""
        inside = self.bar.get_by_role("link", name=act, exact=True)
        if not inside.count():
            self.bar.get_by_role("button", name="More").click()
            inside = self.bar.get_by_role("link", name=act)
        inside.click()
        form = self.box(act)
        expect(form).to_be_visible()
        return form

    # ------------------------------------------------------------------------------------------------ what eyes notice

    def focused(self, what: str) -> str:
        """A property of the element that has the focus, such as ``innerText``."""
        return str(self.page.evaluate(f"document.activeElement.{what} || document.activeElement.ariaLabel || ''"))

    def focus_is_seen(self) -> bool:
        """Whether the element that has the focus differs from what it is without: by outline, shadow or border."""
        return bool(self.page.evaluate(FOCUS_IS_SEEN))

    def fits(self) -> bool:
        """Whether nothing is wider than the screen."""
        size = self.page.viewport_size
        assert size is not None
        return bool(self.page.evaluate("document.documentElement.scrollWidth") <= size["width"])


FOCUS_IS_SEEN = """() => {
  const node = document.activeElement;
  if (!node || node === document.body || !node.matches(":focus-visible")) return false;
  const look = () => {
    const style = getComputedStyle(node);
    const none = style.outlineStyle === "none" || style.outlineWidth === "0px";
    const outline = none ? "" : style.outlineColor + style.outlineWidth;
    return [outline, style.boxShadow, style.borderColor].join("|");
  };
  const box = node.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  const focused = look();
  node.blur();
  const plain = look();
  node.focus({ preventScroll: true, focusVisible: true });
  return inside && focused !== plain;
}"""
