"""Every text of the report that catalogues translate, and the catalogues kept to them: `make words`.

Texts stand in the pages as they are, unmarked: a text is a string that begins with a capital letter, a digit or a placeholder, or
that is given to `text` or `plural`. Words of closed sets are read from where the sets are defined.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from models.alerts import AlertSeverity
from models.tables import Severity
from models.vocabulary import PeriodGrain, RepType, SourceType
from pipelines.night.shipped import shipped_catalogue, shipped_rules
from pipelines.reporting.dictionary import dictionary_groups
from pipelines.reporting.parts import LEVELS, MATURITY, UNKNOWN_LAST
from pipelines.reporting.words import CATALOGUES, LANGUAGES

HERE = Path(__file__).parent
Message = str | tuple[str, str]
"""A text, or its forms for one and for several."""

_WORDS = (
    "accepted", "duplicate", "superseded", "quarantined", "ignored", "erased",  # rows
    "fresh", "stale", "over", "within", "missing", "kept",  # sources, rates against their limit, columns of files
    "rule", "expectation", "reconcile", "budget",  # kinds of checks
    "load", "as_of", "settings", "other",  # why a figure was restated
    "blank", "alias_names_no_rep", "deleted_from_roster", "queue", "integration_user", "on_several_rosters",
    "left_without_roster", "not_on_roster",  # why activities are credited to nobody
    "published", "nothing_new", "dry_run", "blocked", "failed",  # nights
)  # fmt: skip
"""Of sets that only SQL and the night itself know."""


_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
"""Of a catalogue; without dates and names it changes with its texts alone."""


def messages() -> list[Message]:
    """Each once, in their order: templates, pages, words."""
    return list(dict.fromkeys([*_of_templates(), *_of_code(), *closed_words()]))


def closed_words() -> Iterator[str]:
    """Words that rows hold and pages show: rep types, levels, rules, metrics, units, groups of the dictionary."""
    yield from (*UNKNOWN_LAST, *MATURITY, *LEVELS, *_WORDS)
    for closed in (RepType, SourceType, AlertSeverity, Severity, PeriodGrain):
        yield from closed
    for rule in shipped_rules():
        yield rule.spec.rule
        yield from (limit.unit for limit in rule.spec.limits)
    yield from (str(row["unit"]) for row in shipped_catalogue().references["core.ref_kpi"].rows)
    yield from _metrics()
    yield from (group for group, _ in dictionary_groups())


def _metrics() -> Iterator[str]:
    """Those of targets and of the comparison, which rows name."""
    (named,) = (
        check.values
        for check in shipped_catalogue().specs()["marts.inside_outside_comparison"].checks
        if check.values and check.columns == ("metric",)
    )
    yield from (*map(str, named), "meetings_booked", "proposals_sent", "won_amount")


def _of_templates() -> Iterator[Message]:
    for path in sorted((HERE / "templates").iterdir()):
        with path.open("rb") as opened:
            found = extract("jinja2.ext.babel_extract", opened, {"_": None, "ngettext": (1, 2), "forms": (1, 2)})
            yield from (text if isinstance(text, str) else (text[0], text[1]) for _, text, _, _ in found)


def _of_code() -> Iterator[Message]:
    for path in sorted(HERE.rglob("*.py")):
        if path != Path(__file__):
            yield from _of_tree(ast.parse(path.read_text(encoding="utf-8")))


def _of_tree(tree: ast.Module) -> Iterator[Message]:
    """In their order; docstrings and parts of formatted strings are none."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, ast.Expr):
            passed.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if node.func.attr == "text":
                yield from texts
            if node.func.attr in ("plural", "forms") and len(texts) == 2:
                yield texts[0], texts[1]
                passed |= {id(one) for one in node.args}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in passed
            and _is_text(node.value)
        ):
            yield node.value


def _is_text(value: str) -> bool:
    return (
        (value[:1].isupper() or value[:1].isdigit() or value.startswith("%(")) and any(map(str.islower, value))
    ) or value == "KPI"


def update(path: Path, language: str) -> tuple[int, int]:
    """Writes the catalogue anew with every text, those it knew translated; how many wait for words, and how many went."""
    known = read_catalogue(path, language) if path.exists() else Catalog(locale=Locale.parse(language))
    fresh = Catalog(locale=known.locale)
    for message in messages():
        entry = known.get(_id(message))
        fresh.add(message, entry.string if entry else "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as written:
        written.write(_HEADER.format(language=language, plurals=fresh.plural_forms).encode())
        write_po(written, fresh, width=120, omit_header=True)
    waiting = sum(not all(forms_of(one.string or "")) for one in fresh if one.id)
    return waiting, sum(1 for one in known if one.id and not fresh.get(_id(one.id)))


def read_catalogue(path: Path, language: str) -> Catalog:
    """What a .po file holds."""
    with path.open("rb") as opened:
        return read_po(opened, locale=Locale.parse(language))


def forms_of(string: str | Sequence[str]) -> tuple[str, ...]:
    """A translation in all its forms: one, or as many as its language has plurals."""
    return (string,) if isinstance(string, str) else tuple(string)


def _id(message: str | Sequence[str]) -> str:
    return forms_of(message)[0]


def main() -> None:
    """Brings every catalogue up to date, and says what waits for a translator."""
    for language in LANGUAGES[1:]:
        path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
        waiting, gone = update(path, language)
        print(
            f"{path.relative_to(HERE.parent.parent)}: {waiting} texts wait for a translation, {gone} that nothing says any more went"
        )


if __name__ == "__main__":
    main()
