"""Numbers as people write them: `$22,700.00`, `342.09K`, `1.234,56 TL`, `(500)` → plain decimals.

One pattern decides whether a text is a number at all, so that nothing is read as another number than it says: groups
must be of three digits, a letter must be a known currency or K, M, B.
"""

from __future__ import annotations

from models.fields import Kind, Shape
from pipelines.sources.conversions.conversion import Conversion, unless_null
from sql.quoting import literal

_CODES = (
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CZK DKK DZD EGP EUR GBP GEL GHS HKD HRK HUF IDR ILS INR ISK JOD "
    "JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY "
    "TWD TZS UAH UGX USD UYU VND XAF XOF ZAR"
)
CURRENCY_CODES = frozenset(_CODES.split())
_SHORT_NAMES = ("TL", "kr", "zł", "Kč", "Ft")
_CURRENCY = rf"(?:(?:US|A|C|R|NZ|HK|S)?\p{{Sc}}|{'|'.join((*sorted(CURRENCY_CODES), *_SHORT_NAMES))})"
_GROUPS = {".": (",", " ", "\u00a0", "\u202f", "'", "’"), ",": (".", " ", "\u00a0", "\u202f", "'", "’")}
_FACTORS = {"k": "1000", "m": "1000000", "b": "1000000000", "%": "0.01"}


def convert_number(cell: str, kind: Kind, decimal_mark: str) -> Conversion:
    """A plain decimal with as many places as the kind keeps (whole numbers: none); the rest is rounded half up."""
    whole = kind.shape is Shape.WHOLE
    number = plain_number(cell, decimal_mark) if whole else _marked_number(cell, kind, decimal_mark)
    scale = 0 if whole else int(kind.sql_type.rstrip(")").split(",")[1])
    rounded = f"cast(cast(round({number}, {scale}) as decimal(38, {scale})) as varchar)"
    text = f"case when {number} = round({number}) then {rounded} end" if whole else rounded
    mark = "the decimal mark '.'" if decimal_mark == "." else "the decimal mark ','"
    return unless_null(cell, text, "number", f"{'a whole number' if whole else 'an amount'} with {mark}")


def plain_number(cell: str, decimal_mark: str) -> str:
    """DECIMAL(26,10) of digits, groups and a sign; NULL for anything else."""
    return f"case when {_matches(cell, f'[-+−]?(?:{_digits(decimal_mark)})')} then {_signed(cell, decimal_mark)} end"


def _marked_number(cell: str, kind: Kind, decimal_mark: str) -> str:
    """Also with a currency, a suffix, or in parentheses (negative); a share also in per cent."""
    space, sign = "[ \u00a0]?", "[-+−]?"
    last = f"{space}(%)" if kind.low == 0 and kind.high == 1 else f"(?:{space}([KkMmBb]))?"
    body = f"{sign}{space}{_CURRENCY}?{space}{sign}{space}(?:{_digits(decimal_mark)})(?:{last})?{space}{_CURRENCY}?"
    fits = f"{_matches(cell, f'{body}|[(]{body}[)]')} and not {_matches(cell, '.*[-+−(].*[-+−].*')}"
    suffix = f"lower(regexp_extract({cell}, {literal(f'^[(]?{body}[)]?$')}, 1))"
    factors = " ".join(f"when '{letter}' then {factor}" for letter, factor in _FACTORS.items())
    factor = f"(case {suffix} {factors} else 1 end)::decimal(12, 2)"
    return f"case when {fits} then cast({_signed(cell, decimal_mark)} * {factor} as decimal(36, 10)) end"


def _digits(decimal_mark: str) -> str:
    mark = f"[{decimal_mark}]"
    grouped = "|".join(f"[0-9]{{1,3}}(?:[{group}][0-9]{{3}}){{1,5}}" for group in _GROUPS[decimal_mark])
    return f"(?:[0-9]{{1,15}}|{grouped})(?:{mark}[0-9]{{1,20}})?|{mark}[0-9]{{1,20}}"


def _signed(cell: str, decimal_mark: str) -> str:
    digits = f"regexp_replace({cell}, '[^0-9{decimal_mark}]', '', 'g')"
    plain = digits if decimal_mark == "." else f"replace({digits}, ',', '.')"
    negative = f"regexp_matches({cell}, '[-−(]')"
    return f"try_cast({plain} as decimal(26, 10)) * (case when {negative} then -1 else 1 end)::decimal(1, 0)"


def _matches(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, {literal(pattern)})"
