"""The looking itself: which kind a file is, that everything agrees, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import filetype

from escalations.core.vetting import texts
from escalations.core.vetting.kinds import HEAD, KINDS, RefusedFile, Verdict, ending, tidy_name

_FOUND = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}
_PROGRAMS = frozenset(
    {
        *("exe", "dll", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "mjs", "wsf", "hta"),
        *("lnk", "url", "jar", "class", "apk", "app", "dmg", "deb", "rpm", "sh", "bash", "py", "pl", "php", "phtml"),
        *("rb", "cgi", "asp", "aspx", "jsp", "reg", "scf", "cpl", "iso", "img", "swf"),
    }
)
_ENDINGS: tuple[tuple[str, frozenset[str]], ...] = (
    ("script", _PROGRAMS),
    ("drawing", frozenset({"svg", "svgz"})),
    ("page", frozenset({"html", "htm", "xhtml", "mht", "mhtml", "xml"})),
    ("archive", frozenset({"zip", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz", "cab", "zst"})),
    ("mail", frozenset({"eml", "msg", "mbox"})),
    ("picture_kind", frozenset({"gif", "heic", "heif", "avif", "tif", "tiff", "bmp", "psd", "ico"})),
    (
        "office",
        frozenset(
            {
                *("doc", "docx", "docm", "dot", "dotm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm", "rtf"),
                *("odt", "ods", "odp", "pages", "numbers", "key"),
            }
        ),
    ),
)
_PROGRAM_HEADS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"#!",
)
_ARCHIVE_HEADS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"Rar!",
    b"7z\xbc\xaf'\x1c",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
)


def vet(path: Path, *, name: str, declared: str, into: Path, thumbnail: Path) -> Verdict:
    """Look through one file.

    name        as its sender called it; only its ending counts
    declared    the type that its sender declared, possibly nothing
    into        where the cleaned file is written, for kinds that are written anew
    thumbnail   where a small picture is written

    Never raises for what is in the file. Reads text and PDF into memory: the caller limits their size.
    """
    try:
        return _vet(path, ending(tidy_name(name)), declared, into, thumbnail)
    except RefusedFile as refused:
        return Verdict(refused=refused.code)


def _vet(path: Path, last: str, declared: str, into: Path, thumbnail: Path) -> Verdict:
    if path.stat().st_size == 0:
        raise RefusedFile("empty")
    with path.open("rb") as file:
        found = sniff(file.read(HEAD), last)
    _agree(found, last, declared)
    # Readers of formats are loaded when they are needed: one look costs a third of loading all.
    if KINDS[found].picture:
        from escalations.core.vetting import images

        images.clean(path, found, into=into, thumbnail=thumbnail)
        return Verdict(found, cleaned=True, thumbnail=True)
    if found == "pdf":
        from escalations.core.vetting import documents

        documents.look(path)
    else:
        texts.look(path.read_bytes(), table=found == "csv")
    return Verdict(found)


def sniff(head: bytes, last: str) -> str:
    """The kind of a file by its first bytes; its name's ending counts only between text and table.

    Raises RefusedFile for what is no kind that is taken.
    """
    for code, endings in _ENDINGS:
        if last in endings:
            raise RefusedFile(code)
    if head.startswith(_PROGRAM_HEADS):
        raise RefusedFile("script")
    guessed = filetype.guess(head)
    mime = guessed.mime if guessed is not None else ""
    if mime in _FOUND:
        return _FOUND[mime]
    if head.startswith(_ARCHIVE_HEADS):
        raise RefusedFile("archive")
    if mime.startswith("image/"):
        raise RefusedFile("picture_kind")
    if head.startswith(b"\xd0\xcf\x11\xe0") or "officedocument" in mime or "opendocument" in mime:
        raise RefusedFile("office")
    if b"%PDF-" in head[:1024] and not head.startswith(b"%PDF-"):
        raise RefusedFile("two_in_one")
    # The head may end in the middle of a letter.
    text = next(
        (
            found
            for cut in range(4 if len(head) == HEAD else 1)
            if (found := texts.decoded(head[: len(head) - cut])) is not None
        ),
        None,
    )
    if text is None:
        raise RefusedFile("kind")
    if code := texts.marked(text):
        raise RefusedFile(code)
    return "csv" if last == "csv" else "text"


def _agree(found: str, last: str, declared: str) -> None:
    if not last:
        raise RefusedFile("no_ending")
    if not KINDS[found].agrees(last, declared):
        known = any(last in kind.endings for kind in KINDS.values())
        raise RefusedFile("mismatch" if known or not found.startswith("text") else "kind")
