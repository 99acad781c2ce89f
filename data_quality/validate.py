"""A contract as vectorised SQL, and the same contract's verdict in words for the few rows that break it.

There is no second schema: both come from the contract's `Kind`s and row rules, and a property test holds them
together. What does not belong here: how one kind looks in SQL (`data_quality.kind_sql`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from data_quality.kind_sql import (
    Zones,
    blank_to_null,
    broken,
    clean,
    control_pattern,
    start_of_day,
    suspect,
    value,
    within_years,
)
from models.fields import RULE_MESSAGES, Kind
from models.records import NotBefore, Record, RowRule
from sql.quoting import identifier, literal

__all__ = ["ContractSql", "Violation", "blank_to_null", "clean", "contract_sql", "explain"]


@dataclass(frozen=True)
class ContractSql:
    """A contract over VARCHAR columns that are named like its fields and already cleaned.

    `mask` is a BIGINT, 0 for a row that keeps the contract; bit i is set when `bits[i]` is broken: a field, or
    `row:<rule>` (judged only when both its fields are fine). `values` holds each field's typed expression: right
    where the mask is 0, and never an error elsewhere.
    """

    contract: type[Record]
    bits: tuple[str, ...]
    mask: str
    values: dict[str, str]


@dataclass(frozen=True)
class Violation:
    """One broken rule of one row; `found` is the text that broke it."""

    field: str
    rule: str
    message: str
    found: str


def contract_sql(
    contract: type[Record],
    source_timezone: str,
    company_timezone: str,
    present: Collection[str] | None = None,
    is_plain: bool = False,
) -> ContractSql:
    """The contract's checks and typed values; fields outside `present` (default all) are taken as NULL for nothing.

    Texts that are plain (printable ASCII, by promise) are not searched for control characters.
    """
    kinds = contract.kinds()
    have = {name: kind for name, kind in kinds.items() if present is None or name in present}
    bits = (*kinds, *(f"row:{rule.rule}" for rule in contract.ROW_RULES))
    zones = Zones(source_timezone, company_timezone)
    values = {name: _value(contract, name, have, zones) for name in kinds}
    return ContractSql(contract, bits, _mask(contract, have, bits, is_plain), values)


def _mask(contract: type[Record], have: Mapping[str, Kind], bits: tuple[str, ...], is_plain: bool) -> str:
    """One cheap question about the whole row; which bits only for the rows that answer yes."""
    absent = [name for name in contract.required() if name not in have]
    conditions = {name: _field_is_broken(contract, name, kind) for name, kind in have.items()}
    rules = {f"row:{rule.rule}": _rule_is_broken(rule) for rule in _judged(contract, have)}
    suspects = []
    for name, kind in have.items():
        suspects += _conditions(contract, name, suspect(kind, identifier(name)))
    suspects += [*([] if is_plain else _control_conditions(have)), *rules.values()]
    for rule in _judged(contract, have):
        fine = f"({conditions[rule.field]}) is not true and ({conditions[rule.other]}) is not true"
        rules[f"row:{rule.rule}"] += f" and {fine}"
    words = [f"case when {test} then {1 << bits.index(name)} else 0 end" for name, test in (conditions | rules).items()]
    constant = sum(1 << bits.index(name) for name in absent)
    if not words:
        return f"{constant}::bigint"
    exact = " + ".join([f"{constant}::bigint", *words])
    return exact if constant else f"case when {' or '.join(suspects)} then {exact} else 0::bigint end"


def _conditions(contract: type[Record], name: str, of_kind: tuple[str, ...]) -> list[str]:
    required = [f"{identifier(name)} is null"] if name in contract.required() else []
    return [*required, *(f"({condition})" for condition in of_kind)]


def _field_is_broken(contract: type[Record], name: str, kind: Kind) -> str:
    column, control = identifier(name), control_pattern(kind)
    found = [] if control is None else [f"regexp_matches({column}, {literal(control)})"]
    return " or ".join([*_conditions(contract, name, broken(kind, column)), *found])


def _control_conditions(have: Mapping[str, Kind]) -> list[str]:
    """One search over all texts that share a set of forbidden characters, and only where some byte is not plain.

    (A blob is printed with `\\xNN` for such bytes and so grows.) A third of the price of one search each.
    """
    texts: dict[str, list[str]] = {}
    for name, kind in have.items():
        if (pattern := control_pattern(kind)) is not None:
            texts.setdefault(pattern, []).append(identifier(name))
    return [
        f"(strlen(encode({text})::varchar) <> strlen({text}) and regexp_matches({text}, {literal(pattern)}))"
        for pattern, names in texts.items()
        for text in [f"concat({', '.join(names)})"]
    ]


def _judged(contract: type[Record], have: Mapping[str, Kind]) -> list[RowRule]:
    return [rule for rule in contract.ROW_RULES if rule.field in have and rule.other in have]


def _rule_is_broken(rule: RowRule) -> str:
    """Compares texts: those of two days order as the days do."""
    sign = "<" if isinstance(rule, NotBefore) else "="
    return f"{identifier(rule.field)} {sign} {identifier(rule.other)}"


def _value(contract: type[Record], name: str, have: Mapping[str, Kind], zones: Zones) -> str:
    column, kind = identifier(name), contract.kinds()[name]
    plain = value(kind, column, zones) if name in have else f"cast(null as {kind.sql_type})"
    precision = contract.PRECISION.get(name)
    if precision is not None and precision in have and name in have:
        day = f"lower({identifier(precision)}) = 'date' and {within_years(kind, column)}"
        return f"case when {day} then {start_of_day(column, zones.company)} else {plain} end"
    instants = [instant for instant, field in contract.PRECISION.items() if field == name and instant in have]
    if instants:
        return f"case when strlen({identifier(instants[0])}) = 10 then 'date' else coalesce({plain}, 'instant') end"
    return plain


def explain(contract: type[Record], row: Mapping[str, str | None]) -> tuple[Violation, ...]:
    """What pydantic says about one row of cleaned texts: one violation a broken field or row rule, none when fine."""
    filled = {name: text for name, text in row.items() if text is not None}
    try:
        contract.model_validate(filled)
    except ValidationError as error:
        fields = [_violation(detail, filled) for detail in error.errors() if detail["loc"]]
        return (*fields, *_broken_rules(contract, filled))
    return ()


def _violation(detail: ErrorDetails, row: Mapping[str, str]) -> Violation:
    field = str(detail["loc"][0])
    if detail["type"] == "missing":
        return Violation(field, "required", RULE_MESSAGES["required"], "")
    return Violation(field, detail["type"], detail["msg"], row[field][:200])


def _broken_rules(contract: type[Record], row: Mapping[str, str]) -> list[Violation]:
    """Row rules of two fine fields, also when a third field is broken (pydantic itself stops before them then)."""
    found = []
    for rule in contract.ROW_RULES:
        if rule.field not in row or rule.other not in row:
            continue
        try:
            value, other = (contract.kinds()[name].parse(row[name]) for name in (rule.field, rule.other))
        except PydanticCustomError:
            continue
        if rule.is_broken(value, other):
            found.append(Violation(rule.field, rule.rule, rule.message, row[rule.field][:200]))
    return found
