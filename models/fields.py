"""The kinds of value a contract field can hold, each with one lexical rule that pydantic and SQL share.

A `Kind` decides from text alone whether a value is well formed: a regular expression that RE2 and Python read
alike, a length, a range of years, a closed set. `data_quality.validate` turns the same attributes into
vectorised checks, so there is no second schema. What belongs here: kinds. What does not: fields of an entity.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from models.personal import Hiding

BLANKS = " \t\r\n"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
BRACKETS = "<> "
CONTROL_IN_ID = r"[\x00-\x1f\x7f]"
MANGLED_ID = r"[0-9]([.,][0-9]+)?[Ee][+][0-9]{2,3}"

DAY_PATTERN = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"

LIST_ITEM = r'"[^"\\]*"|[0-9]{1,20}'
LIST_PATTERN = rf"\[ *(({LIST_ITEM})( *, *({LIST_ITEM}))*)? *\]"


class Shape(StrEnum):
    """The families of kinds; each has one way to be parsed here and one in SQL."""

    ID = "id"
    TEXT = "text"
    WORD = "word"
    INSTANT = "instant"
    DAY = "day"
    MONTH = "month"
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"
    ID_LIST = "id_list"


@dataclass(frozen=True)
class Kind:
    """One kind of value.

    `pattern` must match the whole trimmed text; `expects` says it in words for the person who must mend the row.
    `first_year`..`last_year` bound days and instants, `low`..`high` numbers (inclusive), `words` closed sets,
    compared in lower case. `sql_type` is the column's type in DuckDB. `hiding` is how the value enters crm.duckdb when
    it might name a person. `is_shared` is an id that several systems write, each in its own case and brackets.
    """

    shape: Shape
    sql_type: str
    expects: str
    pattern: str | None = None
    max_length: int = 255
    first_year: int = 1900
    last_year: int = 2099
    low: Decimal | None = None
    high: Decimal | None = None
    words: tuple[str, ...] = ()
    hiding: Hiding = Hiding.WORD
    is_shared: bool = False
    is_id: bool = False

    @property
    def may_name_a_person(self) -> bool:
        """Whether an address or a phone number keeps to this kind: free texts and ids, no closed sets, no patterns."""
        return self.shape in (Shape.ID, Shape.TEXT, Shape.ID_LIST) and self.pattern is None and not self.words

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Lets a kind stand in `Annotated[type, KIND]`: the text is parsed here before pydantic sees it."""
        return core_schema.no_info_before_validator_function(self.parse, handler(source))

    def parse(self, text: object) -> Any:
        """The value of a trimmed, non-blank text; raises PydanticCustomError with the rule's name as its type."""
        if not isinstance(text, str):
            raise PydanticCustomError("format", "expected text, found {found}", {"found": type(text).__name__})
        self._check_characters(text)
        if self.words:
            return self._parse_word(text)
        if self.shape is Shape.ID_LIST:
            return self._parse_list(text)
        if self.pattern is not None and re.fullmatch(self.pattern, text) is None:
            raise self._broken("format", text)
        return self._convert(text)

    def _check_characters(self, text: str) -> None:
        control = CONTROL_IN_ID if self.shape in (Shape.ID, Shape.ID_LIST) else CONTROL
        if re.search(control, text):
            raise self._broken("control_char", text)
        if len(text) > self.max_length:
            raise self._broken("too_long", text)
        if self.is_id and re.fullmatch(MANGLED_ID, text):
            raise self._broken("mangled_id", text)

    def _parse_word(self, text: str) -> str | bool:
        word = ascii_lower(text)
        if word not in self.words:
            raise self._broken("not_in_set", text)
        return word in TRUE_WORDS if self.shape is Shape.FLAG else word

    def _parse_list(self, text: str) -> list[str]:
        if not text.startswith("["):
            items = text.split(";")
        elif re.fullmatch(LIST_PATTERN, text) is None:
            raise self._broken("format", text)
        else:
            items = [item.strip('"') for item in re.findall(LIST_ITEM, text)]
        return list(dict.fromkeys(item.strip(BLANKS) for item in items if item.strip(BLANKS)))

    def _convert(self, text: str) -> Any:
        if self.shape in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
            return self._parse_time(text)
        if self.shape in (Shape.WHOLE, Shape.NUMBER):
            number = Decimal(text)
            if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
                raise self._broken("out_of_range", text)
            return int(number) if self.shape is Shape.WHOLE else number
        return shared_form(text) if self.is_shared else text

    def _parse_time(self, text: str) -> date | datetime:
        try:
            day = date.fromisoformat(text[:10] if len(text) >= 10 else text + "-01")
        except ValueError:
            raise self._broken("impossible", text) from None
        if not self.first_year <= day.year <= self.last_year:
            raise self._broken("out_of_range", text)
        if self.shape is Shape.INSTANT and len(text) > 10:
            return datetime.fromisoformat(text)
        return datetime(day.year, day.month, day.day) if self.shape is Shape.INSTANT else day

    def _broken(self, rule: str, text: str) -> PydanticCustomError:
        message = RULE_MESSAGES[rule].format(expects=self.expects, limit=self.max_length, range=self._range())
        return PydanticCustomError(rule, "{message}", {"message": message, "found": text[:200]})

    def _range(self) -> str:
        if self.low is not None or self.high is not None:
            return f"{self.low if self.low is not None else '…'} to {self.high if self.high is not None else '…'}"
        return f"the years {self.first_year} to {self.last_year}"


RULE_MESSAGES = {
    "required": "a value is required and the field is blank",
    "control_char": "holds a control character; export the file again, or clean the field in the CRM",
    "too_long": "is longer than {limit} characters",
    "format": "expected {expects}",
    "impossible": "is no day of the calendar",
    "out_of_range": "is outside {range}",
    "not_in_set": "expected {expects}",
    "mangled_id": "is an id that a spreadsheet shortened to a number; its digits are lost",
}

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")


_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def ascii_lower(text: str) -> str:
    """Lower case of A–Z only, so that Python and SQL agree in every locale."""
    return text.translate(_TO_LOWER)


def shared_form(text: str) -> str:
    """How an id that several systems write is compared: in lower case, without the brackets of a Message-ID."""
    return ascii_lower(text.strip(BRACKETS) or text)


def word_of(words: type[StrEnum]) -> Kind:
    """The kind of a closed set."""
    values = tuple(str(member) for member in words)
    return Kind(Shape.WORD, "VARCHAR", "one of " + ", ".join(values), words=values, max_length=64)


ID = Kind(Shape.ID, "VARCHAR", "an id", hiding=Hiding.KEY, is_id=True)
SHARED_ID = Kind(Shape.ID, "VARCHAR", "an id", max_length=1_000, hiding=Hiding.KEY, is_shared=True, is_id=True)
REP_ID = Kind(Shape.ID, "VARCHAR", "an id", hiding=Hiding.NONE, is_id=True)
TEXT = Kind(Shape.TEXT, "VARCHAR", "text", max_length=20_000, hiding=Hiding.TEXT)
WORD = Kind(Shape.ID, "VARCHAR", "a word or a short name")
REP_WORD = Kind(Shape.ID, "VARCHAR", "a word or a short name", hiding=Hiding.NONE)
INSTANT = Kind(
    Shape.INSTANT,
    "TIMESTAMPTZ",
    "an ISO 8601 time such as 2026-03-01T09:30:00Z, 2026-03-01 09:30 or 2026-03-01",
    pattern=f"{DAY_PATTERN}([T ]{_CLOCK}{_OFFSET}?)?",
    first_year=1990,
)
DAY = Kind(Shape.DAY, "DATE", "a day such as 2026-03-01", pattern=DAY_PATTERN)
MONTH = Kind(
    Shape.MONTH,
    "DATE",
    "a month such as 2026-03, or any day of it",
    pattern=r"[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?",
)
SECONDS = Kind(
    Shape.WHOLE, "BIGINT", "whole seconds", pattern=r"-?[0-9]{1,12}", low=Decimal(0), high=Decimal(31 * 86_400)
)
ORDER = Kind(Shape.WHOLE, "INTEGER", "a whole number", pattern=r"-?[0-9]{1,6}", low=Decimal(0), high=Decimal(9_999))
MONEY = Kind(Shape.NUMBER, "DECIMAL(18,4)", "an amount such as 22700.00", pattern=r"-?[0-9]{1,14}([.][0-9]{1,4})?")
RATE = Kind(
    Shape.NUMBER,
    "DECIMAL(18,8)",
    "a rate above 0 such as 1.0842",
    pattern=r"[0-9]{1,9}([.][0-9]{1,8})?",
    low=Decimal("0.00000001"),
)
SHARE = Kind(
    Shape.NUMBER,
    "DECIMAL(9,6)",
    "a share from 0 to 1",
    pattern=r"[0-9]{1,3}([.][0-9]{1,6})?",
    low=Decimal(0),
    high=Decimal(1),
)
COUNT = Kind(
    Shape.NUMBER, "DECIMAL(18,4)", "a number of at least 0", pattern=r"-?[0-9]{1,14}([.][0-9]{1,4})?", low=Decimal(0)
)
FLAG = Kind(Shape.FLAG, "BOOLEAN", "true or false", words=TRUE_WORDS + FALSE_WORDS)
CURRENCY = Kind(Shape.ID, "VARCHAR", "a three-letter currency code such as USD", pattern="[A-Z]{3}")
ID_LIST = Kind(
    Shape.ID_LIST,
    "VARCHAR[]",
    "ids separated by ';' or a JSON array of plain texts",
    max_length=20_000,
    hiding=Hiding.KEY,
)

Id = Annotated[str, ID]
SharedId = Annotated[str, SHARED_ID]
RepId = Annotated[str, REP_ID]
Text = Annotated[str, TEXT]
Word = Annotated[str, WORD]
RepWord = Annotated[str, REP_WORD]
Instant = Annotated[datetime, INSTANT]
Day = Annotated[date, DAY]
Month = Annotated[date, MONTH]
Seconds = Annotated[int, SECONDS]
Order = Annotated[int, ORDER]
Money = Annotated[Decimal, MONEY]
Rate = Annotated[Decimal, RATE]
Share = Annotated[Decimal, SHARE]
Count = Annotated[Decimal, COUNT]
Flag = Annotated[bool, FLAG]
Currency = Annotated[str, CURRENCY]
IdList = Annotated[list[str], ID_LIST]
