"""What becomes of each kind of file, friendly or not: the table is `tests/factories/samples.py`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from escalations.core.vetting import KINDS, REFUSALS, Verdict, ending, kinds, tidy_name
from escalations.core.vetting.looking import vet
from tests.factories.samples import SAMPLES, Sample, deep_pdf, pdf, photo, picture, told_png, with_scripts_in_it

ROOT = Path(__file__).parents[2]


class Vetted:
    """One file looked through, in a folder of its own."""

    def __init__(self, folder: Path, body: bytes, name: str, declared: str = "") -> None:
        self.path, self.into, self.thumbnail = folder / "in", folder / "out", folder / "small"
        self.path.write_bytes(body)
        self.into.unlink(missing_ok=True)
        self.verdict = vet(self.path, name=name, declared=declared, into=self.into, thumbnail=self.thumbnail)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.what for sample in SAMPLES])
def test_what_becomes_of(sample: Sample, tmp_path: Path) -> None:
    found = Vetted(tmp_path, sample.body(), sample.name, sample.declared).verdict
    assert (found.refused or "taken") == sample.becomes
    if found.refused:
        assert REFUSALS[found.refused].count(". ") >= 1, "it says what to do"
    else:
        assert found.kind in KINDS


def test_every_refusal_that_reading_can_give_has_its_sample() -> None:
    elsewhere = {"too_big", "too_many", "too_much", "case_full", "virus", "lost", "too_long"}
    assert {sample.becomes for sample in SAMPLES} == set(REFUSALS) - elsewhere | {"taken"}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.jpg", photo()),
        ("a.jpg", with_scripts_in_it(photo())),
        ("a.png", told_png()),
        ("a.png", with_scripts_in_it(told_png())),
        ("a.webp", with_scripts_in_it(picture("WEBP"))),
    ],
)
def test_of_a_picture_only_its_points_are_kept(name: str, body: bytes, tmp_path: Path) -> None:
    found = Vetted(tmp_path, body, name)
    for path in (found.into, found.thumbnail):
        kept = path.read_bytes()
        for hidden in (b"Jane", b"hidden", b"GPS", b"Exif", b"<html", b"<?php", b"PK\x03\x04", b"xmp"):
            assert hidden not in kept
        assert not zipfile.is_zipfile(io.BytesIO(kept))
        with Image.open(path) as again:
            assert not again.getexif()


def test_a_photo_that_lay_on_its_side_stands_up(tmp_path: Path) -> None:
    found = Vetted(tmp_path, photo(), "a.jpg")
    with Image.open(found.into) as kept:
        assert kept.size == (30, 40)


def test_every_mode_of_picture_keeps_what_it_shows(tmp_path: Path) -> None:
    for form, name in (("PNG", "a.png"), ("JPEG", "a.jpg"), ("WEBP", "a.webp")):
        for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"):
            try:
                body = picture(form, mode=mode)
            except OSError:
                continue  # this form has no such mode
            assert Vetted(tmp_path, body, name).verdict == Verdict(
                kind=name[2:].replace("jpg", "jpeg"), cleaned=True, thumbnail=True
            )


@given(st.binary(max_size=3000), st.sampled_from(["a.jpg", "a.png", "a.webp", "a.pdf", "a.txt", "a.csv"]))
@example(b"%PDF-1.4 trailer<</Root 1 0 R>> %%EOF", "a.pdf")
@settings(max_examples=60, deadline=None)
def test_noise_never_raises_and_is_never_a_picture(tmp_path_factory: pytest.TempPathFactory, body: bytes, name: str):
    found = Vetted(tmp_path_factory.mktemp("noise"), body, name).verdict
    assert found.refused in REFUSALS or found.kind in ("text", "csv")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_never_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    name, whole = data.draw(st.sampled_from([("a.jpg", photo()), ("a.png", told_png()), ("a.pdf", pdf())]))
    place = data.draw(st.integers(0, len(whole) - 1))
    body = whole[:place] + data.draw(st.binary(min_size=1, max_size=40)) + whole[place + 1 :]
    found = Vetted(tmp_path_factory.mktemp("damaged"), body, name).verdict
    assert found.refused in REFUSALS or found.kind in KINDS


@given(st.text(max_size=400))
@example("../../etc/passwd")
@example("C:\\Users\\jane\\photo.jpg")
@example("photo\u202egpj.exe")
@example("a\0b.jpg")
@example("x" * 500 + ".jpg")
@example("....")
def test_a_tidy_name_is_a_name_and_nothing_else(name: str) -> None:
    tidy = tidy_name(name)
    assert 0 < len(tidy) <= kinds.NAME_LENGTH
    assert tidy == tidy_name(tidy), "twice is as once"
    assert not set(tidy) & set('/\\<>:"|?*\0\r\n\u202e')
    assert tidy not in (".", "..")


def test_a_long_name_keeps_its_ending() -> None:
    assert ending(tidy_name("x" * 500 + ".jpg")) == "jpg"
    assert ending(tidy_name("ü" * 149 + ".jpeg")) == "jpeg"


def asked(tmp_path: Path, body: bytes, name: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "in").write_bytes(body)
    question = {"path": str(tmp_path / "in"), "name": name, "declared": "", "into": str(tmp_path / "out"),
                "thumbnail": str(tmp_path / "small")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "escalations.core.vetting"], input=json.dumps(question), capture_output=True, text=True,
        cwd=ROOT, timeout=60, check=False, env={},
    )  # fmt: skip


def test_in_a_process_of_its_own_it_says_the_same(tmp_path: Path) -> None:
    answer = asked(tmp_path, photo(), "a.jpg")
    assert json.loads(answer.stdout) == {"kind": "jpeg", "refused": "", "cleaned": True, "thumbnail": True}


def test_a_document_that_unpacks_without_end_harms_nobody(tmp_path: Path) -> None:
    """Refused by the reader's own bounds, or by the limits of the process: never taken, never for long."""
    answer = asked(tmp_path, deep_pdf(), "a.pdf")
    assert answer.returncode != 0 or json.loads(answer.stdout)["refused"] in ("damaged", "too_long")
