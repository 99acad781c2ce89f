"""The frame of the Data Docs: an index and a page a suite, readable with no network and no script.

Great Expectations' own frame loads styles, fonts and scripts from five remote hosts; its sections are plain HTML. So the
sections are kept, and this stylesheet stands for what would be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h5 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
.failed { border-left: 4px solid #c0392b; padding: .4rem .8rem; margin: .6rem 0; background: #c0392b14; }
.passed { color: #1e8449; } .text-danger, .fa-times, .fa-exclamation-triangle { color: #c0392b; } .text-success { color: #1e8449; }
.fa-check-circle::before { content: "\\2713"; } .fa-times::before, .fa-exclamation-triangle::before { content: "\\2717"; }
.badge { border: 1px solid #8886; border-radius: .25rem; padding: 0 .3rem; font-family: ui-monospace, monospace; font-size: .85em; }
button, .ge-breadcrumbs, .popover { display: none; } pre { white-space: pre-wrap; }
""".strip()


@dataclass(frozen=True)
class PageLink:
    """A suite as the index shows it; `failures` are the messages of what failed."""

    title: str
    expectations: int
    failures: list[str]


def page_name(place: int) -> str:
    """The file of the suite at this place."""
    return f"{place:04d}.html"


def write_page(folder: Path, place: int, title: str, failures: Sequence[str], sections: Sequence[str]) -> None:
    """One suite: what failed in words on top, then every expectation and what was observed."""
    folder.mkdir(exist_ok=True)
    back = '<p><a href="index.html">All suites</a></p>'
    (folder / page_name(place)).write_text(_page(title, back + _failures(failures) + "\n".join(sections)), "utf-8")


def write_index(folder: Path, links: Sequence[PageLink]) -> None:
    """All suites, those with failures first, their messages on top."""
    folder.mkdir(exist_ok=True)
    ordered = sorted(enumerate(links), key=lambda item: (not item[1].failures, item[0]))
    messages = [message for _, link in ordered for message in link.failures]
    rows = "\n".join(
        f'<tr><td><a href="{page_name(place)}">{escape(link.title)}</a></td><td>{link.expectations}</td><td>{_verdict(link)}</td></tr>'
        for place, link in ordered
    )
    table = f"<table><tr><th>Suite</th><th>Expectations</th><th>Result</th></tr>\n{rows}</table>"
    (folder / "index.html").write_text(
        _page("What this generation was expected to hold", _failures(messages) + table), "utf-8"
    )


def _verdict(link: PageLink) -> str:
    if link.failures:
        return f'<span class="text-danger">{len(link.failures)} failed</span>'
    return '<span class="passed">all hold</span>'


def _failures(messages: Sequence[str]) -> str:
    return "".join(f'<p class="failed">{escape(message)}</p>' for message in messages)


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n'
