"""Rules of windows and quantiles: what is asked of neighbouring rows."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from models.errors import CatalogueError
from sql.engines.tree import Rule, call, cast, each, fill


def _quantiles(tree: Any) -> Any:
    """From the sorted list, and weighed as DuckDB does: engines differ there in the last bit."""
    for node in reversed(list(tree.find_all(exp.PercentileCont))):
        asked = node
        while isinstance(asked.parent, (exp.Filter, exp.Window)) and asked.arg_key == "this":
            asked = asked.parent
        share = node.expression.name
        listed = call("collect_list", node.this)
        if asked is node:
            gathered = listed
        else:
            node.replace(listed)
            gathered = asked.copy()
        everyone = call("sort_array", call("array_compact", gathered))
        asked.replace(fill(_QUANTILE.format(share=share), {"everyone": everyone}))
    return tree


def _filter_inside(node: Any) -> Any:
    """A window's aggregate takes no FILTER there: it is asked of NULL instead of the rows left out."""
    if not isinstance(node.this, exp.Filter):
        return None
    call, condition = node.this.this, node.this.expression.this
    first = call.expressions[0] if isinstance(call, exp.Anonymous) else call.this
    asked = exp.Literal.number(1) if isinstance(first, exp.Star) else first.copy()
    first.replace(exp.Case(ifs=[exp.If(this=condition, true=asked)]))
    node.set("this", call)
    return None


def _days_around(node: Any) -> Any:
    """A frame of days over a date is one of numbers over the day's number: Sail finds no row in the former."""
    spec, order = node.args.get("spec"), node.args.get("order")
    bounds = [spec.args.get(side) for side in ("start", "end")] if spec is not None else []
    intervals = [one for one in bounds if isinstance(one, exp.Interval) and one.unit.name.lower().startswith("day")]
    if not intervals:
        return None
    for side in ("start", "end"):
        if spec.args.get(side) in intervals:
            spec.set(side, exp.Literal.number(int(spec.args[side].this.name)))
    (key,) = order.expressions
    epoch = cast(exp.Literal.string("1970-01-01"), "date")
    key.set("this", call("datediff", key.this.copy(), epoch))
    return None


def _median_of_others(node: Any) -> Any:
    """`quantile_cont(x, 0.5) over (… exclude current row)`: no engine but DuckDB has the clause.

    The median of all values but one that is equal to the own: of equal ones it does not matter which.
    """
    spec = node.args.get("spec")
    if spec is None or not spec.args.get("exclude"):
        return None
    quantile, condition = node.this, None
    if isinstance(quantile, exp.Filter):
        quantile, condition = quantile.this, quantile.expression.this
    if not isinstance(quantile, exp.PercentileCont) or quantile.expression.name != "0.5":
        raise CatalogueError(
            "only a median has a rule for `exclude current row`",
            "Write the model without it, or give it a rule in sql/engines/window_rules.py.",
        )
    value = quantile.this
    own = value if condition is None else exp.Case(ifs=[exp.If(this=condition, true=value)])
    window = exp.Window(this=call("collect_list", own.copy()), partition_by=node.args.get("partition_by"))
    everyone = call("sort_array", call("array_compact", window))
    return fill(_MEDIAN_OF_OTHERS, {"everyone": everyone, "own": own})


def _stepped(place: str) -> str:
    """The value at a place among the others, which is one further in the list of all from the own one on."""
    step = f"cast({_PLACE_OF_OWN} between 1 and {place} as int)"
    return f"element_at(everyone, cast({place} + {step} as int))"


_PLACE = "(size(everyone) - 1) * {share}D"
_BELOW = f"element_at(everyone, cast(floor({_PLACE}) as int) + 1)"
_ABOVE = f"element_at(everyone, cast(ceil({_PLACE}) as int) + 1)"
_WEIGHT = f"({_PLACE} - floor({_PLACE}))"
_QUANTILE = f"case when size(everyone) > 0 then {_BELOW} * (1D - {_WEIGHT}) + {_ABOVE} * {_WEIGHT} end"

_PLACE_OF_OWN = "coalesce(array_position(everyone, own), 0)"
_OTHERS = f"(size(everyone) - cast({_PLACE_OF_OWN} > 0 as int))"
_LOWER, _UPPER = f"(({_OTHERS} + 1) div 2)", f"({_OTHERS} div 2 + 1)"

_MEDIAN_OF_OTHERS = f"case when {_OTHERS} > 0 then {_stepped(_LOWER)} * 0.5D + {_stepped(_UPPER)} * 0.5D end"

WINDOW_RULES: tuple[Rule, ...] = (
    each(exp.Window, _median_of_others),
    _quantiles,
    each(exp.Window, _filter_inside),
    each(exp.Window, _days_around),
)
