"""Every message that a person can meet says what to do next, and a new one is seen in review: messages.txt lists them all.

After a message is added or changed: `ACCEPT_MESSAGES=1 .venv/bin/python -m pytest tests/architecture/test_messages.py`,
then read the diff of messages.txt as the person who will meet them.
"""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.errors import TouchlineError

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "sql", "data_quality", "pipelines")
LIST = Path(__file__).with_name("messages.txt")
SETTINGS = ("models/settings.py", "models/mapping.py", "models/places.py")
DOCTOR = "pipelines/doctor/"


@dataclass(frozen=True, order=True)
class Message:
    """Where it is said, its kind, what it says, and what to do; values stand as {…}."""

    place: str
    kind: str
    what: str
    remedy: str

    def __str__(self):
        return f"{self.place} [{self.kind}]\n    {self.what}\n    → {self.remedy}\n"


def kinds_of_error():
    """The names of TouchlineError and of everything that inherits from it anywhere in the code."""
    names, found = {TouchlineError.__name__}, True
    classes = [node for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while found:
        found = {
            node.name
            for node in classes
            if node.name not in names and {base.id for base in node.bases if isinstance(base, ast.Name)} & names
        }
        names |= found
    return names


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of ours by its place, parsed once for all tests."""
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def texts_by_name(tree: ast.Module) -> dict[str, list[str]]:
    """The texts that a module gives to each of its names."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = text_of(node.value)
            if not value.startswith("<"):
                found.setdefault(node.targets[0].id, []).append(value)
    return found


def text_of(node: ast.expr | None, names: dict[str, list[str]] | None = None) -> str:
    """A text as it reads, what is put into it as {…}; a name as the texts that the module gives to it."""
    if isinstance(node, ast.Name) and names and node.id in names:
        return " | ".join(sorted(names[node.id]))
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ""
    if isinstance(node, ast.Constant):
        return " ".join(str(node.value).split())
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values]
        return " ".join("".join(parts).split())
    if isinstance(node, ast.BinOp):
        return f"{text_of(node.left)} {text_of(node.right)}"
    return f"<{ast.unparse(node)}>"


@cache
def messages() -> list[Message]:
    errors = kinds_of_error()
    telling = errors | {"warn", "fail", "ValueError"}
    found = []
    for place, tree in modules():
        names = texts_by_name(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in telling:
                given = [text_of(argument, names) for argument in node.args]
                found += message_of(place, node.func.id, given, errors)
    return sorted(found)


def message_of(place: str, name: str, given: list[str], errors: set[str]) -> Iterator[Message]:
    if name in errors:
        rule = given.pop(0) if name == "UnreadableFileError" else name
        yield Message(place, rule, given[0], given[1] if len(given) > 1 else "")
    elif name in ("warn", "fail") and place.startswith(DOCTOR):
        yield Message(place, f"{name}: {given[0]}", given[1], given[2] if len(given) > 2 else "")
    elif name == "ValueError" and place in SETTINGS:
        what, _, remedy = given[0].partition(": ") if ": " in given[0] else given[0].partition("; ")
        yield Message(place, "settings", what, remedy or (given[0] if given[0].startswith("<") else ""))


def test_every_message_says_what_to_do_next():
    assert [message for message in messages() if len(message.remedy) < 5] == []


def test_a_remedy_is_a_sentence_of_its_own():
    """It says something else than the message, and ends where a sentence may end."""
    for message in messages():
        assert message.remedy != message.what or message.what.startswith("<"), message
        assert not message.remedy.endswith((":", ",")), message


def test_the_list_of_messages_is_reviewed():
    listed = "".join(map(str, messages()))
    if os.environ.get("ACCEPT_MESSAGES") == "1":
        LIST.write_text(listed, encoding="utf-8")
    assert LIST.read_text(encoding="utf-8") == listed
