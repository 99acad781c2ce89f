"""Nothing that a source wrote acts on a terminal; what people write in any script stays as it is."""

import io

import pytest

from models.shown import shown
from pipelines.commands.pages import Page, Styled


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\tc\x00\x7f", "a\\x0db\\x09c\\x00\\x7f"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("\u2066a\u2069\u200f", "\\u2066a\\u2069\\u200f"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_acts_is_escaped(text, seen):
    assert shown(text) == seen


@pytest.mark.parametrize("text", ["שלום", "مرحبا", "Zoë Ünal", "👩‍💻", "می‌خواهم", "two\nlines", "a\u00a0b"])
def test_what_people_write_stays(text):
    assert shown(text) == text


def test_every_way_onto_a_page_is_guarded():
    file = io.StringIO()
    page = Page(file)
    page.line("line \x1b]0;owned\x07")
    page.head("head \x1b[2J")
    page.marked("warn", "bold", "marked \u202e")
    page.rows("title \x1b[2J", ["column \x1b[2J"], [["cell \x1b[2J"], [Styled("styled \x1b[2J", "red")]])
    written = file.getvalue()
    assert not {"\x1b", "\x07", "\u202e"} & set(written)
    assert written.count("\\x1b") == 6 and "\\u202e" in written
