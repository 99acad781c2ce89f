"""Pages to HTML files: templates by jinja2, everything escaped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.reporting.cells import light_rows, table_rows
from pipelines.reporting.definitions import define
from pipelines.reporting.dictionary import dictionary_groups
from pipelines.reporting.facts import facts_of
from pipelines.reporting.parts import (
    CHOICES,
    UNKNOWN_LAST,
    Chart,
    Figures,
    Kind,
    Page,
    Strip,
    Table,
    Trend,
)
from pipelines.reporting.reader import Reader

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Renderer:
    """Writes pages into a folder. `menu` are the places and titles of the pages that every page links to; `vega` is the
    name of the charts' script."""

    reader: Reader
    folder: Path
    menu: tuple[tuple[str, str], ...]
    vega: str

    def write(self, page: Page) -> None:
        """One page as one file."""
        path = self.folder / page.place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._html(page), encoding="utf-8")

    def _html(self, page: Page) -> str:
        words = self.reader.words
        return self._templates.get_template(page.template).render(
            page=page,
            root="../" * page.place.count("/"),
            menu=self.menu,
            reader=self.reader,
            words=words,
            has_charts=any(isinstance(part, Chart) for section in page.sections for part in section.parts),
            choices=choices_of(page) if page.filtered and not page.light else {},
            data="" if page.light else facts_of(page, self.reader),
            vega=self.vega,
            kind_of_part=_kind_of_part,
            show=words.show,
            change=change,
            rows=partial(table_rows, words),
            light_rows=partial(light_rows, words),
            define=define,
            dictionary=dictionary_groups,
            Kind=Kind,
        )

    @cached_property
    def _templates(self) -> Environment:
        """Each is compiled once: there may be thousands of pages."""
        environment = _environment()
        words = self.reader.words
        environment.globals.update(_=words.text, ngettext=words.plural, forms=words.forms, word=words.word)
        return environment


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def choices_of(page: Page) -> dict[str, list[str]]:
    """What a reader may choose on the page, by filter; a filter with one value is none."""
    found: dict[str, list[str]] = {}
    for name in CHOICES:
        values = {value for cube in page.cubes if name in cube.filters for value in cube.facts[name].unique() if value}
        if len(values) > 1:
            found[name] = sorted(values, key=lambda value: (_place(value), value))
    scopes = {
        scope for cube in page.cubes if cube.whole for scope in cube.facts["scope"].unique() if scope != cube.whole
    }
    if scopes:
        found["scope"] = sorted(scopes, key=lambda scope: (_place(scope.partition("/")[2]), scope))
    if any(cube.period for cube in page.cubes):
        found["period"] = ["28", "91", "182", "365"]
    return found


def _place(value: str) -> int:
    return UNKNOWN_LAST.index(value) if value in UNKNOWN_LAST else 0


def change(now: Any, was: Any) -> float | None:
    """now / was − 1; None where it cannot be said, as of an amount below 0."""
    return None if now is None or was is None or was <= 0 else float(now) / float(was) - 1


def _kind_of_part(part: Any) -> str:
    names = {
        Figures: "figures", Chart: "chart", Trend: "trend", Strip: "strip", Table: "table", tuple: "cards",
    }  # fmt: skip
    return names[type(part)]
