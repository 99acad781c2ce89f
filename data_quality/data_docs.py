"""The Data Docs: an index and a page a suite, plain HTML that is readable with no network and no script.

Great Expectations' own pages load styles, fonts and scripts from five remote hosts, and compile their templates anew for
every page, which took longer than all judging. What they say is said here: what must hold, what was found, whether it
holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from sql.checks import CheckResult

_STYLE = """
:root { color-scheme: light dark; --bad: light-dark(#b03a2e, #ff8a7a); --good: light-dark(#1e7a3e, #6fd08c); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } .night { opacity: .75; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
th:not(.wide), td:not(.wide) { white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; }
td.found { min-width: 5rem; } .failure { border-left: 4px solid var(--bad); padding: .4rem .8rem; margin: .6rem 0; background: #c0392b14; }
.failed { color: var(--bad); font-weight: 600; } .holds { color: var(--good); }
""".strip()


@dataclass(frozen=True)
class Answer:
    """One expectation as a page shows it: what must hold, what was found, and its result."""

    holds: str
    found: str
    result: CheckResult


@dataclass(frozen=True)
class SuitePage:
    """A suite and its answers."""

    title: str
    answers: Sequence[Answer]
    about: str = ""
    of_history: bool = False

    @property
    def failures(self) -> list[CheckResult]:
        """What failed."""
        return [answer.result for answer in self.answers if not answer.result.passed]

    @property
    def file_name(self) -> str:
        """Of the same suite the same every night, so that an address can be kept."""
        return re.sub(r"[^a-z0-9_.]+", "-", self.title.lower()) + ".html"


_READING = (
    "These are the checks that the tables of this night had to pass before anybody could read them. A failure that"
    " <b>blocks</b> publishes nothing: the last good night stays. One that is <b>flagged</b> is published, and said. Each"
    " says what was found and what to do."
)
_SECTIONS = {
    True: ("Against the last good night", "Is what is new like what was there before?"),
    False: (
        "What every night must hold",
        "The contract of each table: its columns, one row for each key, no blanks where none may be, words and bounds.",
    ),
}
_SUITE_HEAD = '<th class="wide">Must hold</th><th class="wide">Found</th><th>If not</th><th>Result</th>'


def write_pages(folder: Path, pages: Sequence[SuitePage], about: str = "") -> None:
    """The index and every page; `about` says of which night."""
    folder.mkdir(exist_ok=True)
    for page in pages:
        (folder / page.file_name).write_text(_suite(page, about), encoding="utf-8")
    (folder / "index.html").write_text(_index(pages, about), encoding="utf-8")


def _suite(page: SuitePage, about: str) -> str:
    """What failed in words on top, then every expectation, failed ones first."""
    ordered = sorted(page.answers, key=lambda answer: answer.result.passed)
    body = f'<p><a href="index.html">All suites</a></p><p>{escape(page.about)}</p>{_said(about)}' + _failures(
        page.failures
    )
    return _page(page.title, body + _table(_SUITE_HEAD, map(_answer_row, ordered)))


def _answer_row(answer: Answer) -> str:
    result = answer.result
    verdict = '<td class="holds">✓ holds</td>' if result.passed else '<td class="failed">✗ failed</td>'
    consequence = "blocks" if result.severity == "block" else "is flagged"
    title = escape(result.check_name)
    return (
        f'<tr><td class="wide" title="{title}">{escape(answer.holds)}</td><td class="wide found">{escape(answer.found)}</td>'
        f"<td>{consequence}</td>{verdict}</tr>"
    )


def _index(pages: Sequence[SuitePage], about: str) -> str:
    """All suites, those with failures first, their messages on top."""
    asked = sum(len(page.answers) for page in pages)
    failures = [failure for page in pages for failure in page.failures]
    told = (
        f"{_said(about)}<p>{_READING}</p><p>{asked:,} expectations, {_verdict(len(failures))}.</p>{_failures(failures)}"
    )
    sections = [
        _section(is_history, [page for page in pages if page.of_history is is_history]) for is_history in _SECTIONS
    ]
    return _page("What this generation was expected to hold", told + "".join(sections))


def _section(of_history: bool, pages: Sequence[SuitePage]) -> str:
    """One part of the index; none without pages."""
    if not pages:
        return ""
    title, asks = _SECTIONS[of_history]
    head = '<th>Suite</th><th class="wide">About</th><th class="number">Expectations</th><th>Result</th>'
    ordered = sorted(pages, key=lambda page: not page.failures)
    return f"<h2>{title}</h2><p>{asks}</p>" + _table(head, map(_index_row, ordered))


def _said(about: str) -> str:
    return f'<p class="night">{escape(about)}</p>' if about else ""


def _index_row(page: SuitePage) -> str:
    return (
        f'<tr><td><a href="{escape(page.file_name)}">{escape(page.title)}</a></td><td class="wide">{escape(page.about)}</td>'
        f'<td class="number">{len(page.answers)}</td><td>{_verdict(len(page.failures))}</td></tr>'
    )


def _verdict(failures: int) -> str:
    return f'<span class="failed">{failures} failed</span>' if failures else '<span class="holds">all hold</span>'


def _failures(failures: Iterable[CheckResult]) -> str:
    ordered = sorted(failures, key=lambda failure: failure.severity)
    told = (f"<b>{'blocks' if one.severity == 'block' else 'flagged'}</b> {escape(one.sample)}" for one in ordered)
    return "".join(f'<p class="failure">{message}</p>' for message in told)


def _table(head: str, rows: Iterable[str]) -> str:
    return f"<table><tr>{head}</tr>\n" + "\n".join(rows) + "</table>"


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n'
