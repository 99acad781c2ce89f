"""The prompt of `touchline query`: what it answers, completes and remembers, and that nobody is asked who is not there."""

import os
import pty
import select
import shutil
import subprocess
import sys

import duckdb
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from pipelines.cli import main
from pipelines.commands.prompt import converse, is_whole
from pipelines.commands.prompt_words import PublishedColumn, PublishedTable, Words
from pipelines.commands.query import Format
from pipelines.new_workspace import make_workspace

TABLES = """
create schema marts; create schema core; create schema ops;
create table ops.publication as select {generation} as generation, timestamptz '2026-04-01 03:59:59+00' as as_of;
create table marts.note as from (values (1, 'a'), (2, 'b')) as note (id, text);
create view core.fct_word as select text from marts.note;
comment on table marts.note is 'One note. More about it.';
comment on column marts.note.text is 'What it says.';
"""


def publish(workspace, generation):
    folder = workspace.generations / f"{generation:06}"
    folder.mkdir()
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute(TABLES.format(generation=generation))
    aside = workspace.var / "aside"
    aside.symlink_to(f"generations/{generation:06}")
    aside.replace(workspace.published)


@pytest.fixture
def workspace(tmp_path):
    made = make_workspace(tmp_path / "workspace")
    publish(made, 1)
    return made


@pytest.fixture
def say(workspace, capsys):
    """Types the lines at the prompt, each with Enter: standard output, standard error."""

    def run(*lines, form=Format.TABLE):
        with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
            keys.send_text("".join(f"{line}\r" for line in lines) + "\x04")
            converse(workspace, form, raw=False)
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


def test_a_question_runs_over_lines_until_its_semicolon(say):
    out, err = say("select text", "from marts.note", "order by id;", form=Format.CSV)
    assert out.endswith("text\na\nb\n")
    assert err == ""


def test_it_says_which_night_it_speaks_of(say):
    assert say()[0] == "generation 1, as of 2026-04-01 03:59 UTC; .help says what can be asked\n"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("select 1;", True),
        ("select 1", False),
        ("select ';", False),
        (".tables", True),
        ("", True),
        ("select 1; ", True),
    ],
)
def test_enter_asks_what_is_whole(text, whole):
    assert is_whole(text) is whole


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("selec 1;", "Parser Error"),
        ("select * from marts.notes;", "Did you mean"),
        ("drop table marts.note;", "read-only"),
        ("select * from read_csv('/etc/hostname');", "disabled by configuration"),
        (".table", "Did you mean '.tables'?"),
        (".columns marts.nope", "there is no table 'marts.nope'"),
        (".tables nope", "there is no schema 'nope'"),
    ],
)
def test_what_is_wrong_ends_nothing(say, line, says):
    out, err = say(line, "select count(*) as notes from marts.note;", form=Format.CSV)
    assert says in err
    assert out.endswith("notes\n2\n")


def test_tables_and_columns_are_described(say):
    out, _ = say(".tables", ".tables core", ".columns note")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert {"marts.note │ One note", "core.fct_word │", "One note. More about it."} <= set(lines)
    assert "text │ VARCHAR │ What it says." in lines


@pytest.mark.parametrize("word", [".quit", ".exit", ".quit;"])
def test_a_farewell_ends_it(say, word):
    assert "notes" not in say(word, "select count(*) as notes from marts.note;")[0]


def test_a_new_night_is_opened_and_told(workspace, say, monkeypatch):
    from pipelines.commands import prompt

    asked = iter(["select 1;", "select generation from ops.publication;"])

    def next_question(session):
        question = next(asked, None)
        if question and "generation" in question:
            publish(workspace, 2)
        return question

    monkeypatch.setattr(prompt, "_next_question", next_question)
    out, _ = say(form=Format.CSV)
    assert out.splitlines()[-3:] == [
        "A new night is published: generation 2, as of 2026-04-01 03:59 UTC", "generation", "2",
    ]  # fmt: skip


def test_what_was_asked_is_remembered_for_its_owner_alone(workspace, say):
    say("select 1;")
    file = workspace.var / "query_history"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "+select 1;" in file.read_text()
    out, _ = say("\x1b[A", form=Format.CSV)  # arrow up, Enter
    assert out.endswith("1\n1\n")


def test_who_may_not_write_there_is_asked_all_the_same(workspace, say):
    (workspace.var / "query_history").mkdir()
    assert "notes" in say("select count(*) as notes from marts.note;")[0]


TABLE_NOTE = PublishedTable(
    "marts.note", "One note.", (PublishedColumn("id", "INTEGER", ""), PublishedColumn("text", "VARCHAR", ""))
)
TABLE_WORD = PublishedTable("core.fct_word", "One word.", (PublishedColumn("letter", "VARCHAR", ""),))


@pytest.mark.parametrize(
    ("before", "after", "offered"),
    [
        ("select * from ", "", ["marts.note", "core.fct_word"]),
        ("select * from no", "", ["marts.note"]),
        ("select * from marts.n", "", ["marts.note"]),
        ("select te", " from marts.note", ["text"]),
        ("select n.", " from marts.note n", ["n.id", "n.text"]),
        ("select n.t", " from marts.note as n join core.fct_word w", ["n.text"]),
        ("select note.i", " from marts.note", ["note.id"]),
        ("select l", " from CORE.FCT_WORD", ["letter", "like", "left join", "limit"]),
        ("sel", "", ["select"]),
        (".", "", [".tables", ".columns", ".help", ".quit"]),
        (".columns mar", "", ["marts.note"]),
        (".tables co", "", ["core"]),
        ("", "", []),
    ],
)
def test_what_may_stand_there_is_completed(before, after, offered):
    words = Words({"marts.note": TABLE_NOTE, "core.fct_word": TABLE_WORD})
    document = Document(before + after, cursor_position=len(before))
    found = [one.text for one in words.get_completions(document, CompleteEvent(completion_requested=True))]
    assert sorted(found) == sorted(offered)


def test_a_program_is_told_what_to_give(workspace, capsys):
    with pytest.raises(SystemExit) as exit:
        main(["query", "--home", str(workspace.home)])
    assert exit.value.code == 2
    assert 'touchline query "select' in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("stty") is None, reason="no terminal")
def test_the_command_opens_it_in_a_terminal(workspace):
    """The real command behind a pseudo-terminal, with the keys that a person presses."""
    person, terminal = pty.openpty()
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "query", "--home", str(workspace.home)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        read_until(person, b"touchline>")
        os.write(person, b"select 40 + 2 as answer;\r")
        read_until(person, b"(1 rows)")
        os.write(person, b".quit\r")
        assert process.wait(timeout=60) == 0
    os.close(person)


def read_until(terminal, wanted):
    """Reads what the terminal shows until it shows this; answers the question where the cursor is, as terminals do."""
    shown = b""
    while wanted not in shown:
        assert select.select([terminal], [], [], 60)[0], shown
        part = os.read(terminal, 4096)
        if b"\x1b[6n" in part:
            os.write(terminal, b"\x1b[1;1R")
        shown += part
    return shown
