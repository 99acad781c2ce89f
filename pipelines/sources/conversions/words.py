"""Value maps: the source's word → our word, compared trimmed and in any case."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from models.fields import BLANKS
from pipelines.sources.conversions.conversion import Conversion
from sql.quoting import literal


def convert_words(cell: str, words: Mapping[str, str | None], otherwise: str | None) -> Conversion:
    """The mapped word; a word mapped to null is blank, the key '' stands for a blank cell."""
    known = {folded(word): meaning for word, meaning in words.items()}
    blank = _sql(known.pop("", None))
    keys, meanings = [literal(word) for word in known], [_sql(meaning) for meaning in known.values()]
    place = f"list_position([{', '.join(any_case(key) for key in keys)}]::varchar[], {any_case(cell)})"
    choices = f"([{', '.join([*meanings, _sql(otherwise)])}]::varchar[])"
    text = f"case when {cell} is null then {blank} else {choices}[coalesce({place}, {len(keys) + 1})] end"
    failed = f"({cell} is not null and {place} is null)" if otherwise is None else None
    return Conversion(text, failed, "not_in_map", "one of " + ", ".join(word for word in words if folded(word)))


def any_case(text: str) -> str:
    """Turkish has two letters i: lower() makes one of 'I' and 'İ', so 'ı' becomes that one too."""
    return f"replace(lower({text}), 'ı', 'i')"


def folded(word: str) -> str:
    """Trimmed and composed like the cell; the case is folded by SQL's lower() on both sides."""
    return unicodedata.normalize("NFC", word).strip(BLANKS)


def _sql(word: str | None) -> str:
    return "null" if word is None or not word.strip(BLANKS) else literal(word.strip(BLANKS))
