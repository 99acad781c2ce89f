"""The prompt of `touchline query`: question after question on what is published, read-only like each of them alone.

A night that is published meanwhile is opened for the next question; a question that is wrong ends nothing.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from models.errors import TouchlineError, UsageError, nearest
from models.shown import shown
from pipelines.commands.pages import Page
from pipelines.commands.prompt_history import history_file
from pipelines.commands.prompt_words import COMMANDS, PublishedTable, Words, read_words
from pipelines.commands.query import Format, answer, open_warehouse
from pipelines.commands.table_names import table_named
from pipelines.night.workspace import Workspace
from sql.warehouse import PUBLISHED_SCHEMAS

_HELP = """One SELECT, over as many lines as you like, ends with a semicolon. Tab completes tables, columns and words.
  .tables [SCHEMA|all]   the tables and what one row of each is; the marts when nothing is said
  .columns TABLE         the columns of a table and what they hold
  .quit                  or Ctrl-D
Questions that others ask, with their SQL: docs/queries.md"""


class Published:
    """The published file, opened anew when another generation has taken its place."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open()

    def _open(self) -> None:
        self.connection = open_warehouse(self._workspace)
        self._file = self._workspace.published_file.resolve()
        self.tables = read_words(self.connection)

    def renew(self) -> bool:
        """Whether another generation is published than the one that was open; it is open now."""
        if self._workspace.published_file.resolve() == self._file:
            return False
        self.connection.close()
        self._open()
        return True

    def as_of(self) -> str:
        """Which night it is, in a line."""
        rows = self.connection.execute("select generation, as_of from ops.publication").fetchall()
        return "; ".join(f"generation {generation}, as of {as_of:%Y-%m-%d %H:%M} UTC" for generation, as_of in rows)

    def close(self) -> None:
        """Lets the file go."""
        self.connection.close()


def converse(workspace: Workspace, form: Format, raw: bool, session: PromptSession[str] | None = None) -> None:
    """Asks and answers until the person leaves. TouchlineError when nothing is published yet."""
    published = Published(workspace)
    words = Words(published.tables)
    session = session or prompt_session(workspace, words)
    try:
        Page().line(f"{published.as_of()}; .help says what can be asked")
        while (asked := _next_question(session)) is not None:
            if published.renew():
                words.tables = published.tables
                Page().line(f"A new night is published: {published.as_of()}")
            if not _answer_one(published, asked, form, raw):
                return
    finally:
        published.close()


def prompt_session(workspace: Workspace, words: Words) -> PromptSession[str]:
    """Many lines until a semicolon, completed while one types, with the questions of earlier days."""
    return PromptSession(
        "touchline> ",
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "".rjust(width - 1, ".") + " ",
        key_bindings=_enter_when_whole(),
        completer=words,
        history=_history(workspace),
    )


class PrivateHistory(FileHistory):
    """A file for its owner only; a question that cannot be kept is answered all the same."""

    def __init__(self, file: Path) -> None:
        self._file = file
        super().__init__(str(file))

    def store_string(self, string: str) -> None:
        """Writes one question down."""
        with suppress(OSError):
            self._file.touch(mode=0o600)
            super().store_string(string)


def _history(workspace: Workspace) -> History:
    """Kept in the workspace where this person may write there, as most analysts may not."""
    file = history_file(workspace)
    try:
        file.touch(mode=0o600)
        file.open("r+b").close()
    except OSError:
        return InMemoryHistory()
    return PrivateHistory(file)


def is_whole(text: str) -> bool:
    """Whether Enter asks it: a command, a statement up to its semicolon, or nothing at all."""
    stripped = text.strip()
    return not stripped or stripped.startswith(".") or (stripped.endswith(";") and stripped.count("'") % 2 == 0)


def _enter_when_whole() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return bindings


def _next_question(session: PromptSession[str]) -> str | None:
    """What was asked; None when the person leaves. Ctrl-C throws away what was typed."""
    while True:
        try:
            asked = session.prompt().strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return None
        if asked:
            return asked


def _answer_one(published: Published, asked: str, form: Format, raw: bool) -> bool:
    """Answers, or says what is wrong; False when it was a farewell."""
    try:
        if asked.startswith("."):
            return _obey(published.tables, asked)
        answer(published.connection, asked, form, None, raw)
    except TouchlineError as error:
        print(shown(str(error)), file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return True


def _obey(tables: dict[str, PublishedTable], asked: str) -> bool:
    command, _, rest = asked.rstrip(";").partition(" ")
    if command in (".quit", ".exit"):
        return False
    if command == ".help":
        Page().line(_HELP)
    elif command == ".tables":
        _show_tables(tables, rest.strip() or "marts")
    elif command == ".columns":
        _show_columns(tables, rest)
    else:
        raise UsageError(
            f"there is no command '{command}'.{nearest(command, COMMANDS)}",
            "See them all: .help; SQL begins with select.",
        )
    return True


def _show_tables(tables: dict[str, PublishedTable], schema: str) -> None:
    if schema not in (*PUBLISHED_SCHEMAS, "all"):
        raise UsageError(
            f"there is no schema '{schema}'", f"One of {', '.join(PUBLISHED_SCHEMAS)}, or all: .tables core"
        )
    found = [table for table in tables.values() if schema in ("all", table.name.split(".")[0])]
    out = Page()
    out.rows("", ("table", "what one row is"), [(table.name, _first_sentence(table.description)) for table in found])
    if schema != "all":
        others = ", ".join(f".tables {name}" for name in PUBLISHED_SCHEMAS if name != schema)
        out.line(f"\nOthers: {others}. Its columns: .columns {found[0].name if found else 'TABLE'}")


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0]


def _show_columns(tables: dict[str, PublishedTable], word: str) -> None:
    name = table_named(word, tables)
    if name is None:
        short = [table.split(".")[1] for table in tables]
        raise UsageError(
            f"there is no table '{word.strip()}'.{nearest(word.strip(), [*tables, *short])}", "See them: .tables all"
        )
    out = Page()
    out.line(tables[name].description)
    out.rows(
        "", ("column", "type", "what it holds"), [(one.name, one.type, one.description) for one in tables[name].columns]
    )
