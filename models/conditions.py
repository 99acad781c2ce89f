"""When a rule of a mapping holds for a row: what `if:` may say of the row's cells."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.fields import FALSE_WORDS, TRUE_WORDS

_LOOKS_AROUND = re.compile(r"(?<!\\)\(\?<?[=!]|(?<!\\)\\[1-9]")


class Test(BaseModel):
    """What one cell must be. In YAML a word, a list of words, `filled`, `blank`, or one of the keys below.

    Words are compared trimmed and in any case; `true` also fits t, yes, y and 1, `false` likewise.
    """

    __test__ = False  # no test case, though pytest would take it for one
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    words: tuple[str, ...] = Field((), description="Any of these.")
    none_of: tuple[str, ...] = Field((), alias="not", description="None of these; blank fits.")
    matches: str | None = Field(None, description="An RE2 expression that is found in it.")
    above: float | None = Field(None, description="A number greater than this.")
    is_filled: bool | None = Field(None, description="Whether it is not blank.")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if value == "filled" or value == "blank":
            return {"is_filled": value == "filled"}
        if isinstance(value, dict) and "not" in value:
            return value | {"not": _words(value["not"])}
        return value if isinstance(value, dict) else {"words": _words(value)}

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        asked = [bool(self.words), bool(self.none_of), self.matches is not None, self.above is not None]
        if sum([*asked, self.is_filled is not None]) != 1:
            raise ValueError("say one thing of a column: words, filled, blank, {matches: …}, {not: …} or {above: …}")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"'{self.matches}' is no expression: {error}; mend it") from None
            if _LOOKS_AROUND.search(self.matches):
                raise ValueError(
                    f"'{self.matches}' looks around or back, which DuckDB's expressions cannot; write it without"
                )
        return self


def _words(value: Any) -> tuple[str, ...]:
    """Texts of YAML's words; a truth value stands for all the ways to write it."""
    found: list[str] = []
    for word in value if isinstance(value, list | tuple) else [value]:
        text = str(word).lower() if isinstance(word, bool) else str(word)
        same = next((words for words in (TRUE_WORDS, FALSE_WORDS) if text.strip().lower() == words[0]), (text,))
        found += same
    return tuple(found)


class Ignored(BaseModel):
    """Rows that are no record of the entity: counted as ignored. `if` as in a field's rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    when: dict[str, Test] = Field(alias="if", min_length=1)
    because: str = Field(min_length=1, description="Why, for people.")
