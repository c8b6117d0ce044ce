"""Evidence with a file: a photo is added, seen small, and comes back as it was kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from escalations.models import CaseFile, Evidence
from tests.browser import Watch
from tests.factories.desk import NOW, Desk
from tests.factories.samples import photo

if TYPE_CHECKING:
    from tests.journeys.conftest import Arrive
    from tests.journeys.desk_hours import Wall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VASE = "The vase arrived in pieces"


def test_a_photo_is_added_looked_at_and_saved(
    wall: Wall, desk: Desk, arrive: Arrive, watch: Watch, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    watch.expect("422")
    case = desk.held_by("mia")
    Evidence.objects.get_or_create(case=case, key="photo", defaults={"name": "Photo of it", "at": NOW})
    mia = arrive("mia")
    mia.open_case(VASE)
    mia.open_tab("Evidence")
    form = mia.box("Add files")
    form.get_by_label("They show").select_option("photo")
    form.get_by_label("Files", exact=True).set_input_files(
        [
            {"name": "vase.jpg", "mimeType": "image/jpeg", "buffer": photo()},
            {"name": "page.html", "mimeType": "text/html", "buffer": b"<html>"},
        ]
    )
    form.get_by_role("button", name="Add files").click()
    mia.reads("Web pages can carry scripts. Print the page as PDF, and add that.", inside=form)
    small = mia.main.get_by_role("img", name="Look at vase.jpg")
    expect(small).to_be_visible()
    mia.page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=small.element_handle())
    expect(mia.page.locator("#count-evidence")).to_have_text("1/1")

    with mia.page.expect_download() as saved:
        mia.main.get_by_role("link", name="vase.jpg", exact=True).click()
    assert saved.value.suggested_filename == "vase.jpg"
    kept = Path(str(saved.value.path())).read_bytes()
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.size, dict(picture.getexif())) == ((30, 40), {})
    assert len(kept) == CaseFile.objects.get().size
    assert Evidence.objects.get(case=case, key="photo").state == "received"
