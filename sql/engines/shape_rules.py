"""Rules of what a query stands on and how its rows are made: tables, CTEs, rows, and lists turned into rows."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from sql.engines.tree import Rule, call, cast, each


def view_name(table: str) -> str:
    """The name of `core.dim_rep` on the engine: a view of the session, `core__dim_rep`."""
    return table.replace(".", "__")


def _name_views(table: Any) -> Any:
    """Tables are views of the session: other people's schemas on the server are none of our business."""
    if not table.db or not isinstance(table.this, exp.Identifier):
        return None
    catalog = f"{table.catalog}." if table.catalog else ""
    view = exp.to_table(view_name(f"{catalog}{table.db}.{table.name}"))
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
    view.set("alias", alias.copy())
    for join in table.args.get("joins") or ():
        view.append("joins", join.copy())
    return view


def _no_hint(node: Any) -> Any:
    """An engine decides by itself what it keeps of a CTE."""
    node.set("materialized", None)
    return None


def _field_of_row(node: Any) -> Any:
    """Of a row by its place, of a struct by its name. sqlglot counts from 0 inside."""
    (key,) = node.expressions
    if key.is_string:
        return _field(node.this, key.name)
    if key.is_int:
        return _field(node.this, f"f{int(key.name) + 1}")
    return None


def _field_of_column(node: Any) -> Any:
    """`f.contacts.contact_id`: no column of ours is named with its schema, so the middle one is a struct."""
    if not node.args.get("db"):
        return None
    found = _field(exp.column(node.args["table"].copy(), table=node.args["db"].copy()), node.name)
    is_selected = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
    return exp.alias_(found, node.name) if is_selected else found


def _field(struct: Any, name: str) -> Any:
    """A field of a struct that is not there is NULL; Sail reads what a CASE left below it."""
    is_there = exp.Not(this=exp.Is(this=struct.copy(), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=is_there, true=exp.Dot(this=struct.copy(), expression=exp.to_identifier(name)))])


def _pair_columns(node: Any) -> Any:
    """`in (select (a, b) …)` is one of two columns."""
    query = node.args.get("query")
    if query is None or not isinstance(node.this, exp.Tuple):
        return None
    select = query.this if isinstance(query, exp.Subquery) else query
    (only,) = select.expressions if len(select.expressions) == 1 else (None,)
    if isinstance(only, exp.Tuple):
        select.set("expressions", [one.copy() for one in only.expressions])
    return None


def _side_by_side(select: Any) -> Any:
    """Several unnests of one SELECT walk their lists together."""
    lists = [one for one in select.expressions if isinstance(one, exp.Alias) and isinstance(one.this, exp.Explode)]
    if len(lists) < 2:
        return None
    names = exp.Tuple(expressions=[exp.to_identifier(one.alias) for one in lists])
    zipped = call("inline", call("arrays_zip", *(one.this.this.copy() for one in lists)))
    kept = [one for one in select.expressions if one not in lists]
    select.set("expressions", [*kept, exp.Alias(this=zipped, alias=names)])
    return None


def _lateral_rows(select: Any) -> Any:
    """`cross join lateral (values …) as s (a, b)` is a view of an array of structs."""
    kept, views = [], []
    for join in select.args.get("joins") or ():
        values = _values_of(join.this)
        if values is None:
            kept.append(join)
            continue
        alias = join.this.args["alias"]
        rows = exp.Array(expressions=[_struct_of(alias.columns, row.expressions) for row in values.expressions])
        views.append(exp.Lateral(this=call("inline", rows), view=True, alias=alias.copy()))
    if views:
        select.set("joins", kept)
        select.set("laterals", views)
    return None


def _values_of(lateral: Any) -> Any:
    if not isinstance(lateral, exp.Lateral):
        return None
    inner = lateral.this.this if isinstance(lateral.this, exp.Subquery) else lateral.this
    return inner if isinstance(inner, exp.Values) else None


def _struct_of(names: Any, values: Any) -> Any:
    pairs = zip(names, values, strict=True)
    return exp.Struct(expressions=[exp.PropertyEQ(this=name.copy(), expression=value.copy()) for name, value in pairs])


def _is_date_only(node: Any) -> bool:
    return isinstance(node, exp.Cast) and node.to.is_type(exp.DataType.Type.DATE)


def _days_counted_up(node: Any) -> Any:
    """`unnest(range(from, to, interval 1 day))::date`: no row when `to` is not after `from`."""
    if not (_is_date_only(node) and isinstance(node.this, exp.Explode)):
        return None
    days = node.this.this
    if not isinstance(days, exp.GenerateSeries):
        return None
    first, past = cast(days.args["start"], "date"), cast(days.args["end"], "date")
    last = call("date_add", past, exp.Literal.number(-1))
    day = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY"))
    counted = exp.If(this=exp.LT(this=first.copy(), expression=past.copy()), true=call("sequence", first, last, day))
    return exp.Explode(this=exp.Case(ifs=[counted]))


SHAPE_RULES: tuple[Rule, ...] = (
    each(exp.Table, _name_views),
    each(exp.CTE, _no_hint),
    each(exp.Cast, _days_counted_up),
    each(exp.Bracket, _field_of_row),
    each(exp.Column, _field_of_column),
    each(exp.In, _pair_columns),
    each(exp.Select, _side_by_side),
    each(exp.Select, _lateral_rows),
)
