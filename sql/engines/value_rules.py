"""Rules of values: time zones and calendars, divisions, decimals, lists, the first and last of a group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from models.errors import CatalogueError
from sql.engines.tree import Rule, call, cast, each, fill

DAY_MICROSECONDS = 86_400_000_000


def _call_rules(node: Any) -> Any:
    """Functions that sqlglot leaves as they stand."""
    change = _FUNCTIONS.get(node.name.lower()) if isinstance(node.this, str) else None
    return change(*node.expressions) if change else None


def _local_time(timezone: Any, value: Any) -> Any:
    """Both ways between an instant and a clock: what is cast to TIMESTAMP is a clock, all else an instant."""
    is_clock = isinstance(value, exp.Cast) and value.to.is_type(exp.DataType.Type.TIMESTAMPNTZ)
    return call("to_utc_timestamp" if is_clock else "from_utc_timestamp", value, timezone)


def _microseconds(value: Any) -> Any:
    return call("unix_micros", cast(value, "timestamp"))


def _whole_seconds(unit: Any, start: Any, end: Any) -> Any:
    if unit.name.lower() != "second":
        raise CatalogueError(
            f"date_sub('{unit.name}', …) has no rule for Spark",
            "Write the model with seconds, or give it a rule in sql/engines/value_rules.py.",
        )
    return exp.IntDiv(
        this=exp.Paren(this=exp.Sub(this=_microseconds(end), expression=_microseconds(start))),
        expression=exp.Literal.number(1_000_000),
    )


def _max_by(value: Any, order: Any) -> Any:
    return call("max_by", value, order)


def _division(node: Any) -> Any:
    """DuckDB's `/` is one of DOUBLEs, whatever stands beside it."""
    if isinstance(node.this, exp.Cast) and node.this.to.is_type(exp.DataType.Type.DOUBLE):
        left = node.this
    else:
        left = cast(node.this, "double")
    right = node.expression if isinstance(node.expression, exp.Literal) else cast(node.expression, "double")
    return exp.Div(this=left, expression=right, typed=True, safe=True)


def _weekday(node: Any) -> Any:
    """1 Monday to 7, from a function that says 1 Sunday to 7 everywhere; `weekday` is -1 on Sundays in Sail."""
    shifted = exp.Add(this=call("dayofweek", node.this), expression=exp.Literal.number(5))
    monday_0 = call("pmod", shifted, exp.Literal.number(7))
    return exp.Paren(this=exp.Add(this=monday_0, expression=exp.Literal.number(1)))


def _to_double(node: Any) -> Any:
    """A DECIMAL as DuckDB makes a DOUBLE of it: whole part and rest by themselves, when it has more than 15 digits.

    Spark rounds once, Sail through a power of ten: a last digit of an amount over 9,007 would differ.
    """
    value = node.this
    if not node.to.is_type(exp.DataType.Type.DOUBLE) or isinstance(value, (exp.Literal, exp.Null, exp.Paren)):
        return None
    whole = exp.Case(
        ifs=[
            exp.If(this=exp.LT(this=value.copy(), expression=exp.Literal.number(0)), true=exp.Ceil(this=value.copy()))
        ],
        default=exp.Floor(this=value.copy()),
    )
    rest = exp.Paren(this=exp.Sub(this=value.copy(), expression=whole.copy()))
    split = exp.Add(this=cast(cast(whole, "decimal(38, 0)"), "double"), expression=cast(rest, "double"))
    is_small = exp.LTE(this=exp.Abs(this=value.copy()), expression=exp.Literal.number(9007))
    return exp.Case(ifs=[exp.If(this=is_small, true=node.copy())], default=split)


def _ratio_as_decimal(node: Any) -> Any:
    """A DOUBLE's own digits as DuckDB keeps them, not the shortest that mean it, which is what Spark casts."""
    if not node.to.is_type(exp.DataType.Type.DECIMAL) or node.this.find(exp.Div) is None:
        return None
    scale = int(node.to.expressions[1].this.name)
    digits = f"round(x * 1e{scale})"
    upper = f"floor({digits} * 2.3283064365386963E-10D)"  # a division by 2 ** 32 would be written out like those of the model
    whole = (
        f"cast(cast({upper} as bigint) as decimal(38, 0)) * 4294967296BD"
        f" + cast(cast({digits} - {upper} * 4294967296D as bigint) as decimal(38, 0))"
    )
    counted = f"cast(cast({whole} as decimal(38, 0)) * 0.{'0' * (scale - 1)}1BD as decimal(38, {scale}))"
    return fill(counted, {"x": node.this})


def _moved(node: Any) -> Any:
    """`x + to_months(n)`, `x - interval 1 month`, `x + to_hours(n)`: calendars by months and days, clocks by microseconds."""
    sign = -1 if isinstance(node, exp.Sub) else 1
    amount = node.expression
    if isinstance(amount, exp.Anonymous) and amount.name.lower() in _COUNTED:
        count, unit = amount.expressions[0].copy(), amount.name.lower().removeprefix("to_").removesuffix("s")
    elif isinstance(amount, exp.Interval) and amount.unit is not None:
        count, unit = exp.Literal.number(int(amount.this.name)), amount.unit.name.lower().removesuffix("s")
    else:
        return None
    if unit in _MONTHS:
        months = exp.Mul(this=exp.Paren(this=count), expression=exp.Literal.number(sign * _MONTHS[unit]))
        return call("add_months", node.this, months)
    if unit == "day":
        days = exp.Mul(this=exp.Paren(this=count), expression=exp.Literal.number(sign))
        return call("date_add", node.this, days)
    moved = exp.Mul(this=exp.Paren(this=count), expression=exp.Literal.number(sign * _MICROSECONDS[unit]))
    return call("timestamp_micros", exp.Add(this=_microseconds(node.this), expression=moved))


def _clock(node: Any) -> Any:
    """A TIME is that time on 1970-01-01: not every engine has the type."""
    if not node.to.is_type(exp.DataType.Type.TIME):
        return None
    return call("timestamp_micros", call("pmod", _microseconds(node.this), exp.Literal.number(DAY_MICROSECONDS)))


def _blank_is_no_value(node: Any) -> Any:
    """DuckDB's arg_min and arg_max leave rows without a value out; min_by and max_by would answer NULL."""
    found = call("min_by" if isinstance(node, exp.ArgMin) else "max_by", node.this, node.expression)
    is_told = exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.Null()))
    around = node.parent
    if isinstance(around, exp.Filter):
        around.expression.set("this", exp.and_(around.expression.this, is_told))
        return found
    return exp.Filter(this=found, expression=exp.Where(this=is_told))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "timezone": _local_time,
    "epoch_us": _microseconds,
    "make_timestamptz": lambda value: call("timestamp_micros", value),
    "date_sub": _whole_seconds,
    "arg_max_null": _max_by,
    "row": lambda *values: exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(f"f{place}"), expression=value)
            for place, value in enumerate(values, start=1)
        ]
    ),
}

_COUNTED = ("to_months", "to_hours", "to_seconds")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MICROSECONDS = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "microsecond": 1}


VALUE_RULES: tuple[Rule, ...] = (
    each(exp.Cast, _ratio_as_decimal),
    each(exp.Div, _division),
    each(exp.Add, _moved),
    each(exp.Sub, _moved),
    each(exp.DayOfWeekIso, _weekday),
    each(exp.Cast, _clock),
    each(exp.Cast, _to_double),
    each(exp.Anonymous, _call_rules),
    each(exp.ArraySize, lambda node: call("array_size", node.this)),
    each(exp.ArrayOverlaps, lambda node: call("arrays_overlap", node.this, node.expression)),
    each(exp.ArgMin, _blank_is_no_value),
    each(exp.ArgMax, _blank_is_no_value),
)
