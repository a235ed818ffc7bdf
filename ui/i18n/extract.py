"""Which keys of the catalogues the screen asks for: found by reading the code, in Python and in kv."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_KV_CALL = re.compile(r"""app\.t\(\s*(?P<first>'(?P<key>[^']*)'(?P<more>\s*\+)?)""")
_SPEAKERS = {"words", "Words", "t"}
_KEY = re.compile(r"[a-z][a-z_-]*(\.[a-z0-9_-]+)+")


@dataclass
class Found:
    """`asked` keys must exist; `mentioned` is any text like a key; `beginnings` are of composed keys."""

    asked: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)

    def uses(self, key: str) -> bool:
        """Whether anything asks for this key."""
        return key in self.asked | self.mentioned or key.startswith(tuple(self.beginnings))


def extract(folder: Path) -> Found:
    """Read all .py and .kv files below a folder."""
    found = Found()
    for path in sorted(folder.rglob("*.py")):
        _read_python(path.read_text(encoding="utf-8"), found)
    for path in sorted(folder.rglob("*.kv")):
        _read_kv(path.read_text(encoding="utf-8"), found)
    return found


def _read_kv(text: str, found: Found) -> None:
    for match in _KV_CALL.finditer(text):
        (found.beginnings if match["more"] else found.asked).add(match["key"])


def _read_python(text: str, found: Found) -> None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.fullmatch(node.value):
            found.mentioned.add(node.value)
        elif isinstance(node, ast.Call) and _is_speaker(node.func) and node.args:
            for part in _strings(node.args[0]):
                if isinstance(part, str):
                    found.asked.add(part)
                else:
                    found.beginnings.add(str(part.value))


def _is_speaker(function: ast.expr) -> bool:
    if isinstance(function, ast.Call):  # Words(language)("key")
        return _is_speaker(function.func)
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _SPEAKERS or name == "self"  # `self(...)` inside Words


def _strings(argument: ast.expr) -> Iterator[str | ast.Constant]:
    """Whole keys as text; the constant beginning of an f-string as the node it is."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "." in argument.value:
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _strings(argument.body)
        yield from _strings(argument.orelse)
    elif isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        yield argument.values[0]
