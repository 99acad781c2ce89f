"""How texts, numbers and days look in the report's language: gettext catalogues and CLDR, both by babel.

report.js shows the same values by the browser's CLDR (`Intl`) once a reader filters; a browser test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, localcontext
from functools import cached_property, lru_cache
from gettext import NullTranslations
from io import BytesIO
from math import floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from babel.support import Translations

from pipelines.reporting.parts import Kind

CATALOGUES = Path(__file__).with_name("locale")
LANGUAGES = ("en", "ar", "tr", "zh")
"""Those that a report speaks; the texts in the code are the first one's."""
_DIGITS = "latn"
NOTHING = "–"
"""Stands where a value cannot be said; never 0."""


@dataclass(frozen=True)
class Words:
    """One language, the company's currency and time zone."""

    language: str
    currency: str
    timezone: str

    @cached_property
    def locale(self) -> Locale:
        """CLDR's entry of the language."""
        return Locale.parse(self.language, sep="-")

    @property
    def direction(self) -> str:
        """`rtl` for Arabic."""
        return self.locale.text_direction

    @cached_property
    def translations(self) -> NullTranslations:
        """Texts by their English ones; English itself has none."""
        path = CATALOGUES / self.language / "LC_MESSAGES" / "messages.po"
        if not path.exists():
            return NullTranslations()
        compiled = BytesIO()
        with path.open("rb") as opened:
            write_mo(compiled, read_po(opened, locale=self.locale))
        compiled.seek(0)
        return Translations(compiled)

    def text(self, english: str) -> str:
        """The text in the language."""
        return self.translations.gettext(english) if english else ""

    def word(self, word: str) -> str:
        """A word of a closed set; one that no catalogue has, as `rep_overload` in English, without underscores."""
        said = self.text(word)
        return said if said != word else word.replace("_", " ")

    def plural(self, one: str, many: str, number: int) -> str:
        """Whichever form of a sentence goes with the number: English has two, Arabic six, Chinese one."""
        return self.translations.ngettext(one, many, number)

    def forms(self, one: str, many: str) -> dict[str, str]:
        """Every form by CLDR's name of its numbers, by which `Intl.PluralRules` chooses, too."""
        rule = self.locale.plural_form
        return {rule(number): self.plural(one, many, number) for number in range(200)}

    def show(self, value: Any, kind: Kind) -> str:
        """A value as people read it."""
        return _shown(self, value, kind)

    def write(self, value: Any, kind: Kind) -> str:
        """As `show`, anew each time."""
        if value is None:
            return NOTHING
        if kind is Kind.WORD:
            return self.word(str(value))
        if kind is Kind.SCOPE:
            return self._scope(str(value))
        if isinstance(value, date):
            return self._day(value, kind)
        if kind is Kind.WEEKDAY:
            return str(self.locale.days["format"]["abbreviated"][value - 1])
        if not kind.is_number:
            return str(value)
        with localcontext(rounding=ROUND_HALF_UP):
            return self._number(value, kind).translate(self._signs)

    @cached_property
    def _signs(self) -> dict[int, str]:
        """Signs as CLDR writes them, which babel does not: Arabic ones carry marks that keep them beside their number."""
        symbols = self.locale.number_symbols[_DIGITS]
        return {
            ord(sign): symbols[name] for sign, name in (("%", "percentSign"), ("-", "minusSign"), ("+", "plusSign"))
        }

    def _scope(self, value: str) -> str:
        """Whose figures: a team's name is the company's own word."""
        scope, _, name = value.partition("/")
        if scope == "company":
            return self.text("Company")
        return name if scope == "team" else self.word(name)

    def _day(self, value: date, kind: Kind) -> str:
        if isinstance(value, datetime):
            local = value.astimezone(ZoneInfo(self.timezone))
            return format_datetime(local, "medium", tzinfo=ZoneInfo(self.timezone), locale=self.locale)
        if kind is Kind.MONTH:
            return format_skeleton("yMMM", value, locale=self.locale)
        return format_date(value, "medium", locale=self.locale)

    def _number(self, value: Any, kind: Kind) -> str:
        """Halves are rounded away from 0, as browsers do; what two digits would call 0 has three that say something."""
        match kind:
            case Kind.COUNT:
                return self._decimal(value, "#,##0")
            case Kind.NUMBER:
                return self._decimal(value, "@##" if 0 < abs(value) < 0.01 else "#,##0.0#")
            case Kind.SHARE:
                return self._percent(value, "{0}")
            case Kind.CHANGE:
                return self._percent(value, "+{0};-{0}")
            case Kind.MONEY:
                return self._money(value)
            case _:
                return _clock(value)

    def _decimal(self, value: float, pattern: str) -> str:
        return format_decimal(value, pattern, self.locale, numbering_system=_DIGITS)

    def _percent(self, value: float, signs: str) -> str:
        """By CLDR's pattern, one digit behind the point: in Turkish `%` stands before the number."""
        pattern = str(self.locale.percent_formats[None].pattern).replace("#,##0", "#,##0.0")
        return format_percent(value, signs.format(pattern), self.locale, numbering_system=_DIGITS)

    def _money(self, value: float) -> str:
        """Between Arabic letters a symbol such as US$ is held together by marks: it would read $US."""
        pattern = str(self.locale.currency_formats["standard"].pattern).replace("0.00", "0")
        shown = format_currency(
            value, self.currency, pattern, self.locale, currency_digits=False, numbering_system=_DIGITS
        )
        symbol = get_currency_symbol(self.currency, self.locale)
        return shown.replace(symbol, f"\u200e{symbol}\u200e") if self.direction == "rtl" else shown


@lru_cache(maxsize=100_000, typed=True)
def _shown(words: Words, value: Any, kind: Kind) -> str:
    """Remembered: thousands of pages show the same days and small numbers, and CLDR's patterns are slow."""
    return words.write(value, kind)


def _clock(value: float) -> str:
    minutes, seconds = divmod(floor(value + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
