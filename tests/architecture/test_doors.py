"""Decision 32: case tables are written by `escalations/services` and `escalations/mapping.py` alone.

How the source is read. A *write* is a call of a method that writes rows. Some names belong to the ORM alone
(`bulk_create`, `get_or_create`, ...), others are shared with dicts, sets, files, caches (`update`, `delete`, `create`,
`save`). The receiver decides: the call is a finding when a name on the way to it

* is the class of a case table (`Case.objects...`, `models.Clock(...)`, `HistoricalCase`), or
* is a relation that leads to one (`case.clocks`, `party.cases`), or
* is a variable named after one (`case`, `cases`, `open_clocks`, `timer`),

or when nothing tells what the receiver is and the method is the ORM's alone or stands behind a queryset's own
method (`.filter(...).update(...)`). A receiver that names another model (`Team.objects.create`) is no finding.
Raw SQL that writes a case table is one. What this cannot see (a table in a variable called `x`, the default
`save` of an admin page) the guard of `tests/doors.py` sees while the suite runs, and the last test here asks of
every admin page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import RequestFactory

from tests import doors

ROOT = doors.ROOT
ORM_ALONE = {
    *("bulk_create", "bulk_update", "get_or_create", "update_or_create", "abulk_create", "abulk_update"),
    *("bulk_create_with_history", "bulk_update_with_history", "raw_save", "save_base", "asave", "acreate", "aupdate"),
    *("adelete", "_raw_delete"),
}
SHARED = {"save", "update", "delete", "create", "add", "remove", "clear", "set"}
QUERYSET = {
    *("objects", "_base_manager", "_default_manager", "all", "filter", "exclude", "select_for_update", "get_queryset"),
    *("select_related", "order_by", "visible_to", "annotate", "using", "history", "get", "first", "last"),
}
#: Words that name a case table and also something harmless; only the class and the relations count for them.
COMMON_WORDS = {"file", "files", "event", "events", "message", "messages", "note", "notes", "case_link"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith(("s", "x")) else f"{word}s"


class Words:
    """What names case tables and other tables in the source."""

    def __init__(self) -> None:
        models = doors.case_models()
        self.classes = {model.__name__ for model in models}
        self.variables = {word for name in self.classes for word in (snake(name), plural(snake(name)))} - COMMON_WORDS
        self.relations = {
            accessor
            for model in models
            for field in model._meta.get_fields()
            if field.concrete and field.is_relation
            if (accessor := field.remote_field.get_accessor_name())
        }
        self.others = {model.__name__ for model in apps.get_models()} - self.classes

    def name_of_case_table(self, word: str) -> bool:
        if word in self.classes or word in self.variables:
            return True
        return any(word.endswith(f"_{variable}") for variable in self.variables)


def way(node: ast.expr) -> list[str]:
    """Return the names on the way to a receiver, outermost first: `Case.objects.all()` gives Case, objects, all."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*way(value), name]
        case ast.Call(func=func) | ast.Subscript(value=func):
            return way(func)
        case ast.Await(value=value):
            return way(value)
        case _:
            return []


def findings(source: str, words: Words) -> Iterator[tuple[int, str]]:
    """Yield line and text of every write of a case table in ``source``."""
    tables = doors.case_tables()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for table in doors._WRITE.findall(node.value):
                if table in tables:
                    yield node.lineno, f"SQL that writes {table}"
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, names = node.func.attr, way(node.func.value)
        if method not in ORM_ALONE | SHARED or names[:1] == ["super"]:
            continue
        text = f"{'.'.join(names) or '...'}.{method}()"
        if any(word in words.classes for word in names) or any(word in words.relations for word in names[1:]):
            yield node.lineno, text
        elif any(word in words.others for word in names):
            continue
        elif any(words.name_of_case_table(word) for word in names):
            # `case.tags.add(...)` and the like are found as well: they write, too.
            yield node.lineno, text
        elif method in ORM_ALONE or (method in SHARED and QUERYSET & set(names[1:])):
            yield node.lineno, f"{text} on a receiver whose table is not told"


def sources() -> list[Path]:
    return [
        path
        for app in doors.APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if not doors.may_write(path.relative_to(ROOT).as_posix())
    ]


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


def test_case_tables_are_known(words: Words) -> None:
    """The guards are worth nothing if they guard nothing."""
    expected = {"Case", "CaseText", "CaseDecision", "Ownership", "Clock", "Pause", "Timer", "Event", "EventPayload"}
    expected |= {
        "Message",
        "Note",
        "Evidence",
        "Handoff",
        "Escalation",
        "Remedy",
        "Outbox",
        "Delivery",
        "HistoricalCase",
    }
    assert expected <= words.classes
    assert not {"Team", "Category", "Channel", "User", "PolicyVersion"} & words.classes


def test_only_the_services_write_rows_of_cases(words: Words) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sources()
        for line, text in findings(path.read_text(encoding="utf-8"), words)
    ]
    assert not found, (
        "Rows of cases are written by escalations/services alone, each act in one transaction with its event, history "
        "row and outbox intent. Call the service of the act, or add one:\n  " + "\n  ".join(found)
    )


@pytest.mark.parametrize(
    "code",
    [
        "Case.objects.filter(pk=1).update(status='x')",
        "models.Clock.objects.create(case=c)",
        "case.save()",
        "self.case.save(update_fields=['x'])",
        "open_cases.update(team=1)",
        "for c in y:\n    c.clocks.update(state='x')",
        "Timer.objects.bulk_create(rows)",
        "Event(case=1).save()",
        "queryset.filter(a=1).delete()",
        "get_rows().bulk_update(x, ['y'])",
        "Case.objects.get(pk=1).delete()",
        "Case.history.bulk_create(x)",
        "cursor.execute('UPDATE escalations_case SET status = 1')",
        'cursor.execute("""delete from "escalations_timer" where 1""")',
        "async def f():\n    await Case.objects.acreate()",
    ],
)
def test_a_write_is_found(code: str, words: Words) -> None:
    assert list(findings(code, words)), code


@pytest.mark.parametrize(
    "code",
    [
        "Team.objects.create(key='x')",
        "Absence.objects.filter(x=1).update(y=2)",
        "seen = set(); seen.add(1); seen.update({2})",
        "data.update(x=1)",
        "digest.update(b'')",
        "super().save(*args)",
        "Case.objects.filter(status='x').count()",
        "cursor.execute('SELECT * FROM escalations_case')",
        "cursor.execute('UPDATE escalations_team SET name = 1')",
    ],
)
def test_what_writes_no_case_table_is_not_found(code: str, words: Words) -> None:
    assert not list(findings(code, words)), code


def _write_in(filename: str, code: str) -> None:
    """Run ``code`` as if it stood in the file ``filename`` of the repository."""
    exec(compile(code, str(ROOT / filename), "exec"), {"doors": doors})


SQL = "INSERT INTO escalations_case VALUES (1)"


@pytest.mark.parametrize("filename", ["escalations/admin/cases.py", "escalations/views.py", "playbook/services/x.py"])
def test_the_guard_refuses_a_write_from_elsewhere(filename: str) -> None:
    with pytest.raises(doors.WrongDoor, match="written by escalations/services alone"):
        _write_in(filename, f"doors.check({SQL!r})")


@pytest.mark.parametrize(
    "filename", ["escalations/services/x.py", "escalations/mapping.py", "escalations/migrations/0002_x.py"]
)
def test_the_guard_lets_the_doors_write(filename: str) -> None:
    _write_in(filename, f"doors.check({SQL!r})")


def test_the_guard_looks_behind_the_models() -> None:
    """A queryset method is called by somebody; that one is asked."""
    code = f"def act():\n    doors.check({SQL!r})\n"
    names: dict[str, object] = {"doors": doors}
    exec(compile(code, str(ROOT / "escalations/models/case.py"), "exec"), names)
    call = {"act": names["act"]}
    exec(compile("act()", str(ROOT / "escalations/services/x.py"), "exec"), call)
    with pytest.raises(doors.WrongDoor, match=r"escalations/api/x\.py:1"):
        exec(compile("act()", str(ROOT / "escalations/api/x.py"), "exec"), call)


def test_the_guard_is_on(db: None) -> None:
    """The guard sits on every connection of this process, not only on one that a test asks for."""
    from django.db import connection

    code = compile("run('DELETE FROM escalations_timer')", str(ROOT / "escalations/tasks.py"), "exec")
    with pytest.raises(doors.WrongDoor), connection.cursor() as cursor:
        exec(code, {"run": cursor.execute})


CHANGES = {"save_model": ("add", "change"), "delete_model": ("delete",), "delete_queryset": ("delete",)}


def test_admin_pages_of_case_tables_do_not_save_by_themselves(rf: RequestFactory, admin_user: object) -> None:
    """Django's admin would save and delete rows past every service; these pages forbid it or go through one."""
    request = rf.get("/")
    request.user = admin_user  # type: ignore[assignment]
    found = []
    for model, page in admin.site._registry.items():
        if model not in doors.case_models():
            continue
        for name, acts in CHANGES.items():
            if getattr(type(page), name) is not getattr(ModelAdmin, name):
                continue
            for act in acts:
                if getattr(page, f"has_{act}_permission")(request):
                    found.append(f"{type(page).__name__} of {model.__name__} lets people {act} and has Django's {name}")
    assert not found, "Call a service in it, or refuse the permission:\n  " + "\n  ".join(found)
