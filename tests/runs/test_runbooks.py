"""The commands of the runbooks in docs/alerts.md are ones that work: questions have answers in columns, rows have records.

So are the questions of the other pages.
"""

import itertools
import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from pipelines.cli import app
from pipelines.night.shipped import shipped_catalogue
from sql.warehouse import open_published

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
COMMANDS = [
    (title, shlex.split(line.replace("\\n", " ")))
    for title, text in zip(*[iter(re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)[1:])] * 2, strict=True)
    for block in re.findall(r"^    ```\n(.*?)^    ```$", text, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if line.strip().startswith("touchline ")
]
QUESTIONS = [(title, words[2]) for title, words in COMMANDS if words[1] == "query"]
ELSEWHERE = [
    (page.name, sql)
    for page in sorted({*(ROOT / "docs").glob("*.md"), ROOT / "README.md"} - {ROOT / "docs" / "alerts.md"})
    for sql in re.findall(r'^touchline query [^"\n]*"(select [^"]*)"', page.read_text(encoding="utf-8"), re.MULTILINE)
]
EXPLAINED = [(title, words) for title, words in COMMANDS if words[1] == "explain"]


@pytest.fixture(scope="module")
def published(storied_demo):
    connection = open_published((storied_demo.published / "crm.duckdb").resolve())
    yield connection
    connection.close()


@pytest.mark.parametrize(("title", "sql"), QUESTIONS + ELSEWHERE)
def test_each_question_can_be_asked(published, title, sql):
    assert len(published.execute(sql).description) > 1
    published.execute(sql).fetchall()


def options(words, name):
    return [value for option, value in itertools.pairwise(words) if option == name]


@pytest.mark.parametrize(("title", "words"), EXPLAINED)
def test_each_row_is_named_by_its_grain_and_has_records(title, words):
    spec = shipped_catalogue().specs()[words[2]]
    assert sorted(key.partition("=")[0] for key in options(words, "--key")) == sorted(spec.grain)
    explained = {name for one in spec.evidence for name in one.explains}
    assert set(options(words, "--metric")) <= explained


@pytest.mark.parametrize("words", sorted({tuple(words[1:3]) for _, words in COMMANDS}))
def test_each_command_is_one(words):
    commands = get_command(app).commands
    assert words[0] in commands
    below = getattr(commands[words[0]], "commands", None)
    assert below is None or words[1] in below


def test_every_rule_has_something_to_look_at():
    rules = set(re.findall(r"^### ([a-z]+(?:_[a-z]+)+)$", PAGE, re.MULTILINE))
    assert {title for title, _ in COMMANDS} == rules
    assert len(rules) == 18


def test_other_pages_ask_questions_too():
    assert {"README.md", "index.md", "connect.md", "sources.md"} <= {page for page, _ in ELSEWHERE}
