"""Files as people send them, and as attackers do: built here, so that no dangerous file lies in the repository."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

GPS = 0x8825


def picture(form: str = "JPEG", *, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: object) -> bytes:
    """A small picture with a gradient."""
    made = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    made.save(out, form, **options)
    return out.getvalue()


def photo() -> bytes:
    """A photo as phones take it: with its place, the camera's owner, and lying on its side."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera of Jane Roe"
    exif[0x0112] = 6
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    exif.get_ifd(GPS)[1] = "N"
    return picture("JPEG", exif=exif, comment=b"hidden words")


def told_png() -> bytes:
    """A PNG that carries words."""
    info = PngInfo()
    info.add_text("Author", "hidden words")
    info.add_itxt("XML:com.adobe.xmp", "<x>hidden words</x>")
    return picture("PNG", pnginfo=info)


def pdf(*objects: bytes, root: bytes = b"", page: bytes = b"", tail: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page, with more objects (numbered from 4), entries of its root and page, and bytes after its end."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R " + root + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] " + page + b" >>",
        *objects,
    ]
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, start)
    return out + tail


def packed(name: str = "a.txt", body: bytes = b"x") -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return out.getvalue()


def office() -> bytes:
    """What a Word document with macros looks like from outside."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
        archive.writestr("word/vbaProject.bin", "macro")
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def vast_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a hundred bytes that says it has thousands of millions of points."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def deep_text_png() -> bytes:
    """A PNG whose words unpack to a hundred million letters."""
    bomb = zlib.compress(b"x" * 100_000_000, 9)
    whole = picture("PNG")
    return whole[:33] + _chunk(b"zTXt", b"a\0\0" + bomb) + whole[33:]


def deep_pdf() -> bytes:
    """A PDF with an object stream that unpacks to a hundred and fifty million bytes."""
    squeezed = zlib.compressobj(9)
    bomb = b"".join(squeezed.compress(b"0" * 1_000_000) for _ in range(150)) + squeezed.flush()
    stream = b"<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (
        len(bomb),
        bomb,
    )
    return pdf(stream, root=b"/Outlines 4 0 R")


def packed_objects() -> bytes:
    """An object stream with a script in it."""
    body = zlib.compress(b"9 0 " + SCRIPT)
    return b"<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (
        len(body),
        body,
    )


def moving() -> bytes:
    """A WebP of two frames."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def odd_exif() -> bytes:
    """A photo whose EXIF says nothing that can be read."""
    return photo().replace(b"\0\0MM", b"\0\0XX")


def twofold() -> bytes:
    """A JPEG with another picture behind the first, as many phones take it."""
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 20))])
    return out.getvalue()


def with_scripts_in_it(whole: bytes) -> bytes:
    """A picture that another reader takes for a page, a script and an archive."""
    return whole + b"<html><script>alert(1)</script></html><?php system($_GET['c']); ?>" + packed("Evil.class")


PHP_IN_COMMENT = picture("JPEG", comment=b"<?php system($_GET['c']); ?>")
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


class Sample(NamedTuple):
    """One file: how it comes, and what becomes of it (`taken`, or the word of the refusal)."""

    what: str
    name: str
    declared: str
    body: Callable[[], bytes]
    becomes: str


def _of(body: bytes) -> Callable[[], bytes]:
    return lambda: body


SAMPLES: tuple[Sample, ...] = (
    # what it is, its name, its declared type, its bytes, and what becomes of it
    Sample("a photo of a phone", "IMG_1.JPG", "image/jpeg", photo, "taken"),
    Sample("a photo with its depth map", "IMG_2.jpg", "image/jpeg", twofold, "taken"),
    Sample("a photo whose EXIF is damaged", "a.jpg", "image/jpeg", odd_exif, "taken"),
    Sample("a JPEG in greys", "a.jpeg", "image/jpg", lambda: picture(mode="L"), "taken"),
    Sample("a JPEG for print", "a.jpg", "", lambda: picture(mode="CMYK"), "taken"),
    Sample("a PNG with words in it", "a.png", "image/png", told_png, "taken"),
    Sample("a PNG with palette", "a.png", "image/png", lambda: picture("PNG", mode="P"), "taken"),
    Sample("a see-through PNG", "a.png", "image/png", lambda: picture("PNG", mode="RGBA"), "taken"),
    Sample("a PNG in black and white", "a.png", "image/png", lambda: picture("PNG", mode="1"), "taken"),
    Sample("a WebP", "a.webp", "image/webp", lambda: picture("WEBP"), "taken"),
    Sample("a PDF", "letter.pdf", "application/pdf", pdf, "taken"),
    Sample("a text", "notes.txt", "text/plain", _of("Grüße, 5 € zurück\r\n".encode()), "taken"),
    Sample("a text of old Windows", "notes.txt", "text/plain", _of("Grüße, 5 €".encode("cp1252")), "taken"),
    Sample("a text in UTF-16", "notes.txt", "text/plain", _of("Grüße".encode("utf-16")), "taken"),
    Sample("a table", "orders.csv", "text/csv", _of(b'id;"amount"\r\n1;-12,50\r\n2;+3\r\n'), "taken"),
    Sample("a table as Excel declares it", "o.csv", "application/vnd.ms-excel", _of(b"id,amount\n1,-5\n"), "taken"),
    Sample("nothing declared", "a.png", "application/octet-stream", lambda: picture("PNG"), "taken"),
    Sample("a JPEG with an archive and a page behind", "a.jpg", "image/jpeg", lambda: with_scripts_in_it(photo()),
           "taken"),
    Sample("a JPEG with PHP in its comment", "a.php.jpg", "image/jpeg", _of(PHP_IN_COMMENT), "taken"),
    # ---- nothing, or not what it says
    Sample("0 bytes", "a.jpg", "image/jpeg", _of(b""), "empty"),
    Sample("one zero byte", "a.txt", "text/plain", _of(b"\0"), "kind"),
    Sample("a PNG called JPEG", "a.jpg", "image/jpeg", lambda: picture("PNG"), "mismatch"),
    Sample("a PDF declared a picture", "a.pdf", "image/png", pdf, "mismatch"),
    Sample("a picture called text", "a.txt", "text/plain", photo, "mismatch"),
    Sample("a text called PDF", "a.pdf", "application/pdf", _of(b"only words"), "mismatch"),
    Sample("a text of no known name", "a.xyz", "", _of(b"only words"), "kind"),
    Sample("a picture without an ending", "photo", "image/jpeg", photo, "no_ending"),
    Sample("a picture called like a hidden file", ".jpg", "image/jpeg", photo, "no_ending"),
    Sample("half a JPEG", "a.jpg", "image/jpeg", lambda: photo()[:300], "damaged"),
    Sample("a PNG head alone", "a.png", "image/png", _of(b"\x89PNG\r\n\x1a\n"), "damaged"),
    Sample("a PDF head alone", "a.pdf", "application/pdf", _of(b"%PDF-1.7\n"), "damaged"),
    Sample("a PDF of nonsense", "a.pdf", "application/pdf", _of(b"%PDF-1.7\n" + b"\xff" * 500 + b"%%EOF"), "damaged"),
    Sample("noise", "a.txt", "text/plain", _of(bytes(range(256)) * 8), "kind"),
    Sample("noise behind words", "a.txt", "text/plain", _of(b"words " * 3000 + b"\0\1\2"), "damaged"),
    # ---- what runs
    Sample("SVG with a script", "a.svg", "image/svg+xml", _of(b"<svg><script>alert(1)</script></svg>"), "drawing"),
    Sample("SVG called PNG", "a.png", "image/png", _of(b"<?xml version='1.0'?><svg onload='x()'/>"), "drawing"),
    Sample("a page", "a.html", "text/html", _of(b"<!DOCTYPE html><p>"), "page"),
    Sample("a page called text", "a.txt", "text/plain", _of(b"\xef\xbb\xbf  <HTML><body>"), "page"),
    Sample("a script tag in a text", "a.txt", "text/plain", _of(b"hello <script>alert(1)</script>"), "page"),
    Sample("XML", "a.xml", "text/xml", _of(b"<?xml version='1.0'?><a/>"), "page"),
    Sample("PHP called text", "a.txt", "text/plain", _of(b"x <?php system('id'); ?>"), "script"),
    Sample("a shell script", "a.sh", "text/x-sh", _of(b"#!/bin/sh\nid"), "script"),
    Sample("a shell script called text", "a.txt", "text/plain", _of(b"#!/bin/sh\nid"), "script"),
    Sample("JavaScript", "a.js", "text/javascript", _of(b"alert(1)"), "script"),
    Sample("a Windows program", "a.exe", "", _of(b"MZ" + bytes(100)), "script"),
    Sample("a Windows program called PDF", "a.pdf", "application/pdf", _of(b"MZ" + bytes(100)), "script"),
    Sample("a Linux program called JPEG", "a.jpg", "image/jpeg", _of(b"\x7fELF" + bytes(100)), "script"),
    Sample("a double ending", "photo.jpg.exe", "image/jpeg", photo, "script"),
    Sample("a turned name: photo\u202egpj.exe", "photo\u202egpj.exe", "image/jpeg", photo, "script"),
    Sample("a name that ends after a zero byte", "a.exe\0.jpg", "image/jpeg", _of(b"MZ" + bytes(100)), "script"),
    Sample("an archive", "a.zip", "application/zip", packed, "archive"),
    Sample("an archive bomb called text", "a.txt", "text/plain", lambda: packed(body=bytes(5_000_000)), "archive"),
    Sample("a gzip", "a.csv", "text/csv", _of(b"\x1f\x8b\x08" + bytes(20)), "archive"),
    Sample("Word with macros", "a.docm", "", office, "office"),
    Sample("Word called PDF", "a.pdf", "application/pdf", office, "archive"),
    Sample("old Excel called CSV", "a.csv", "", _of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "office"),
    Sample("RTF called text", "a.txt", "text/plain", _of(b"{\\rtf1 x}"), "office"),
    Sample("a mail", "a.eml", "message/rfc822", _of(b"Received: from x\r\n\r\nHi"), "mail"),
    Sample("a mail called text", "a.txt", "text/plain", _of(b"MIME-Version: 1.0\r\n\r\nHi"), "mail"),
    Sample("a GIF", "a.gif", "image/gif", lambda: picture("GIF"), "picture_kind"),
    Sample("a GIF called JPEG", "a.jpg", "image/jpeg", lambda: picture("GIF"), "picture_kind"),
    Sample("a table that runs a program", "a.csv", "text/csv", _of(b"id,x\n1,=cmd|' /C calc'!A0\n"), "formulas"),
    Sample("a table with a hidden formula", "a.csv", "text/csv", _of(b'id;x\n1;" @SUM(A1)"\n'), "formulas"),
    Sample("a table with a signed formula", "a.csv", "text/csv", _of(b"id\tx\n1\t+HYPERLINK(1)\n"), "formulas"),
    Sample("a table with a sum before the program", "a.csv", "text/csv", _of(b"id,x\n1,-2+3+cmd|' /C calc'!A0\n"),
           "formulas"),
    Sample("a table with a wide sign", "a.csv", "text/csv", _of("id;x\n1;＝HYPERLINK(1)\n".encode()), "formulas"),
    Sample("a table with numbers as people write them", "a.csv", "text/csv",
           _of(b"a;b;c;d\n-12,50 EUR;+49 (30) 77-12;-5%;+3\n"), "taken"),
    # ---- two in one
    Sample("a PDF with an archive behind", "a.pdf", "application/pdf", lambda: pdf(tail=packed()), "two_in_one"),
    Sample("a PDF with a page behind", "a.pdf", "application/pdf", lambda: pdf(tail=b"<html>"), "two_in_one"),
    Sample("a PDF behind a page", "a.pdf", "application/pdf", lambda: b"<!-- " + pdf(), "two_in_one"),
    Sample("a PDF that begins as a page", "a.pdf", "application/pdf",
           lambda: pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%<html><script>alert(1)</script>"), "two_in_one"),
    Sample("a PDF with an archive in it", "a.pdf", "application/pdf",
           lambda: pdf(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(packed()), packed())), "two_in_one"),
    # ---- PDF that acts
    Sample("a PDF that runs a script", "a.pdf", "application/pdf", lambda: pdf(SCRIPT, root=b"/OpenAction 4 0 R"),
           "active"),
    Sample("the same, spelled with escapes", "a.pdf", "application/pdf",
           lambda: pdf(b"<< /S /#4aava#53cript /#4a#53 (x) >>", root=b"/OpenAction 4 0 R"), "active"),
    Sample("a script in packed objects that no table names", "a.pdf", "application/pdf", lambda: pdf(packed_objects()),
           "active"),
    Sample("a PDF that starts a program", "a.pdf", "application/pdf",
           lambda: pdf(b"<< /S /Launch /F (cmd.exe) >>", root=b"/OpenAction 4 0 R"), "active"),
    Sample("a PDF with a file in it", "a.pdf", "application/pdf",
           lambda: pdf(b"<< /Names << /EmbeddedFiles << /Names [(a) << /EF << >> >>] >> >> >>"), "active"),
    Sample("a PDF that acts on turning pages", "a.pdf", "application/pdf", lambda: pdf(page=b"/AA << /O << >> >>"),
           "active"),
    Sample("a PDF with a form that runs", "a.pdf", "application/pdf", lambda: pdf(root=b"/AcroForm << /XFA [] >>"),
           "active"),
    Sample("a PDF with a password", "a.pdf", "application/pdf",
           lambda: pdf(b"<< /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >>" % (b"a" * 32, b"b" * 32),
                       trailer=b"/Encrypt 4 0 R /ID [(a) (a)]"), "locked"),
    Sample("a PDF without pages", "a.pdf", "application/pdf",
           lambda: pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [     ] /Count 0"), "damaged"),
    # ---- bombs
    Sample("a PNG of 3600 million points", "a.png", "image/png", vast_png, "huge"),
    Sample("a PNG of a thin long line", "a.png", "image/png", lambda: vast_png(1, 30_000), "huge"),
    Sample("a PNG of 100 MB of words", "a.png", "image/png", deep_text_png, "damaged"),
    Sample("a moving WebP", "a.webp", "image/webp", moving, "moving"),
)  # fmt: skip
