"""Records of somebody else's CSV: whatever is in the file, a bad line costs only itself."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.inbound.importing import lines
from escalations.inbound.importing.lines import Damaged, Record, open_text, records

HEADER = "id,state,note\n"


def read(path: Path, text: str | bytes, *, encoding: str = "utf-8", **more: bool) -> list[Record]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    with open_text(path, encoding) as stream:
        return list(records(stream, delimiter=",", **more))


def faults(found: list[Record]) -> dict[int, str]:
    return {record.line: record.fault[0] for record in found if record.fault}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def test_plain_records_with_their_lines(path: Path) -> None:
    found = read(path, HEADER + "1,new,a\n\n2,closed,b\r\n3,closed,c")
    assert [(record.line, list(record.fields)) for record in found[1:]] == [
        (2, ["1", "new", "a"]),
        (4, ["2", "closed", "b"]),
        (5, ["3", "closed", "c"]),
    ]


def test_gzip_is_seen_by_its_bytes_not_by_its_name(path: Path) -> None:
    assert read(path, gzip.compress((HEADER + "1,new,a\n").encode()))[1].fields == ["1", "new", "a"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(path: Path) -> None:
    assert read(path, b"\xef\xbb\xbf" + HEADER.encode())[0].fields == ["id", "state", "note"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_other_encodings_by_name(path: Path, encoding: str) -> None:
    assert read(path, HEADER + "1,new,Zürich\n", encoding=encoding)[1].fields[2] == "Zürich"


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("2,new", "wrong number of fields"),
        ("2,new,a,b", "wrong number of fields"),
        ('2,new,"never closed', "broken quoting"),
        ('2,"new"x,a', "broken quoting"),
        ("2,new,a\x00b", "unreadable characters"),
        ("2,new," + "x" * 140_000, "field too long"),
        ("2,new," + "x" * 1_100_000, "line too long"),
    ],
)
def test_a_bad_line_costs_only_itself(path: Path, line: str, about: str) -> None:
    found = read(path, HEADER + "1,new,a\n" + line + "\n3,closed,c\n")
    assert faults(found) == {3: about}
    assert [list(record.fields) for record in found if not record.fault] == [
        ["id", "state", "note"],
        ["1", "new", "a"],
        ["3", "closed", "c"],
    ]


def test_bytes_of_another_encoding_cost_only_their_line(path: Path) -> None:
    found = read(path, HEADER.encode() + b"1,new,Z\xfcrich\n2,closed,b\n")
    assert faults(found) == {2: "unreadable characters"}
    assert found[2].fields == ["2", "closed", "b"]


def test_what_can_be_made_out_of_a_bad_line_is_kept_to_tell_its_case(path: Path) -> None:
    found = read(path, HEADER + '7,new,"never closed\n')
    assert found[1].fields[0] == "7"


def test_a_line_without_an_end_is_not_held_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 50)
    found = read(path, HEADER + "x" * 5_000 + "\n2,closed,b\n")
    assert faults(found) == {2: "line too long"}
    assert found[2] == Record(3, ["2", "closed", "b"])


def test_stray_quotes_some_lines_apart_do_not_swallow_what_is_between(path: Path) -> None:
    found = read(path, HEADER + '1,new,"a\n2,closed,b\n3,"closed,c\n4,closed,d\n')
    assert faults(found) == {2: "broken quoting", 4: "broken quoting"}
    assert [record.fields[0] for record in found if not record.fault] == ["id", "2", "4"]


def test_fields_with_line_breaks_when_the_mapping_says_so(path: Path) -> None:
    found = read(path, HEADER + '1,new,"two\nlines, ""quoted"""\n2,closed,b\n', multiline=True)
    assert [(record.line, record.fields[2]) for record in found[1:]] == [(2, 'two\nlines, "quoted"'), (4, "b")]


def test_a_quote_that_is_never_closed_costs_its_line_even_then(path: Path) -> None:
    text = HEADER + '1,new,"never\n' + "".join(f"{number},closed,x\n" for number in range(2, 500))
    found = read(path, text, multiline=True)
    assert faults(found) == {2: "broken quoting"}
    assert len(found) == 500


def test_a_stray_quote_on_every_line_is_read_through(path: Path) -> None:
    found = read(path, HEADER + '1,"new,x\n' * 3_000, multiline=True)
    assert len(faults(found)) == 3_000


@pytest.mark.parametrize("cut", [0.4, 0.9])
def test_a_gzip_file_that_breaks_off_is_named(path: Path, cut: float) -> None:
    packed = gzip.compress((HEADER + "".join(f"{n},new,{n * 7919 % 1000}\n" for n in range(5_000))).encode())
    with pytest.raises(Damaged, match=r"breaks off after line .*fetch the file again"):
        read(path, packed[: int(len(packed) * cut)])


def test_a_gzip_file_with_a_wrong_sum_is_named(path: Path) -> None:
    packed = bytearray(gzip.compress((HEADER + "1,new,a\n").encode()))
    packed[-6] ^= 0xFF
    with pytest.raises(Damaged, match="breaks off"):
        read(path, bytes(packed))


def test_an_encoding_that_cannot_be_is_named(path: Path) -> None:
    with pytest.raises(Damaged, match="set `encoding`"):
        read(path, b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\x00", encoding="utf-16")


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(table=st.lists(st.tuples(cell, cell, cell), max_size=8))
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("id", "state", "note"), *table])
    found = read(tmp_path_factory.mktemp("csv") / "log.csv", text.getvalue(), multiline=True)
    assert [tuple(record.fields) for record in found[1:]] == table
    assert faults(found) == {}


@given(
    good=st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6), max_size=10),
    bad=st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=20),
    place=st.integers(0, 10),
)
def test_no_line_of_anything_reaches_another(
    tmp_path_factory: pytest.TempPathFactory, good: list[str], bad: str, place: int
) -> None:
    """Any one line between good ones leaves all of them as they are."""
    told = [f"{name},closed,x" for name in good]
    told.insert(place, bad)
    found = read(tmp_path_factory.mktemp("csv") / "log.csv", HEADER + "\n".join(told) + "\n")
    line = 2 + min(place, len(good))
    assert [record.fields[0] for record in found[1:] if record.line != line] == good
