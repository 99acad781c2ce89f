"""The bar of a long command: which step, and how much of it is done and left, once the step says so."""

import io

from rich.console import Console

from pipelines.commands.progress import TerminalProgress


def shown(*calls):
    """What stands on a terminal after these calls."""
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    progress = TerminalProgress(console)
    for name, arguments in calls:
        getattr(progress, name)(*arguments)
    with console.capture() as captured:
        console.print(progress._bar.get_renderable())
    return captured.get()


def test_a_step_shows_what_is_done_of_how_much():
    line = shown(("step", ["load"]), ("advance", [1_250, 10_000]))
    assert "load" in line
    assert "1,250 of 10,000" in line
    assert "left:" in line


def test_a_step_that_cannot_say_how_much_it_is_shows_no_count():
    line = shown(("step", ["copy"]))
    assert "copy" in line
    assert " of " not in line


def test_the_next_step_takes_the_place_of_the_one_before():
    lines = shown(("step", ["load"]), ("advance", [7, 7]), ("step", ["tables"]), ("advance", [0, 0]))
    assert "load" not in lines
    assert "0 of 0" in lines
    assert len(lines.strip().splitlines()) == 1
