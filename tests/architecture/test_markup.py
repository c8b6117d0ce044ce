"""Nothing that somebody wrote becomes markup: no place in the desk declares text to be safe HTML.

Markup comes from templates, which escape, and from `format_html` with a pattern written out in the code. Whoever
needs more names the file in `TRUSTED` with the reason.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "governance", "playbook", "escalations")
TRUSTED: dict[str, str] = {"playbook/rendering.py": "Markdown, cleaned by core.markup; tests/playbook/test_markup.py"}
CALLS = {"mark_safe", "SafeString", "SafeText", "safe"}
IN_TEMPLATES = re.compile(
    r"\|\s*(?:safe|safeseq)\b|\{%-?\s*autoescape\s+off|\{%-?\s*filter\s+(?:safe|safeseq)\b", re.IGNORECASE
)


def unsafe_python(source: str) -> list[int]:
    """Lines of Python that declare text to be safe HTML, or fill a pattern that is not written out there."""
    tree = ast.parse(source)
    named = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__html__":
            found.append(node.lineno)
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        called = named.get(called, called)
        patterns = {"format_html": node.args[:1], "format_html_join": node.args[:2]}.get(called, [])
        declared = called in CALLS or any(word.arg == "is_safe" for word in node.keywords)
        if declared or not all(isinstance(pattern, ast.Constant) for pattern in patterns):
            found.append(node.lineno)
    return found


def unsafe_template(source: str) -> list[int]:
    """Lines of a template that switch escaping off."""
    return [number for number, line in enumerate(source.splitlines(), 1) if IN_TEMPLATES.search(line)]


def test_no_text_is_declared_to_be_safe() -> None:
    python = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    pages = [path for app in (*APPS, "templates") for path in (ROOT / app).rglob("*.html")]
    assert python, "no code was read"
    assert pages, "no template was read"
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for paths, lines in ((python, unsafe_python), (pages, unsafe_template))
        for path in paths
        if str(path.relative_to(ROOT)) not in TRUSTED
        for line in lines(path.read_text())
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "mark_safe(text)",
        "from django.utils.safestring import mark_safe as plain\nplain(text)",
        "safestring.SafeString(text)",
        "format_html(text)",
        "format_html(f'<b>{text}</b>')",
        "format_html('<b>' + text)",
        "format_html_join('', pattern, rows)",
        "register.filter(name, function, is_safe=True)",
        "class A:\n    def __html__(self): return self.text",
    ],
)
def test_what_declares_text_safe_is_found(source: str) -> None:
    assert unsafe_python(source)


@pytest.mark.parametrize("source", ["{{ a|safe }}", "{{ a | safeseq }}", "{% autoescape off %}", "{% filter safe %}"])
def test_what_switches_escaping_off_is_found(source: str) -> None:
    assert unsafe_template(source)


@pytest.mark.parametrize("source", ["format_html('<b>{}</b>', text)", "format_html_join('', '<i>{}</i>', rows)"])
def test_patterns_written_out_are_fine(source: str) -> None:
    assert not unsafe_python(source)
