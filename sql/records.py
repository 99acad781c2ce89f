"""core.latest_<entity>: the winning version of every record, one table a contract, tombstones included.

The tables follow from the contracts in `models`; nobody writes their columns down a second time. What belongs
here: which columns they have, and which of them hold ids. What does not: how rows get into them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from models.contracts import CONTRACTS
from models.fields import Kind, Shape
from models.personal import Hiding
from models.records import Record
from models.tables import Column, TableSpec
from sql.quoting import identifier
from sql.rows import create_table

if TYPE_CHECKING:
    import duckdb

PREFIXED_REFERENCES = frozenset(
    {
        "account_id",
        "contact_id",
        "contact_ids",
        "contract_id",
        "copy_of_id",
        "lead_id",
        "merged_into_id",
        "opportunity_id",
        "renewed_by_contract_id",
    }
)
"""Fields that name things of the same source; stored as `<source>:<id>`, in `contact_ids` each of them."""

REP_REFERENCES = frozenset(
    {"booked_by_rep_id", "changed_by_rep_id", "manager_rep_id", "owner_rep_id", "rep_id", "source_rep_id"}
)
"""Fields that name reps; stored as the source writes them and resolved through core.rep_identity."""

COLUMN_NAMES = {("rep_aliases", "source"): "alias_source"}
"""Fields stored under another name: in every latest table `source` is who delivered the row."""

_WINNER_COLUMNS = (
    Column(name="_updated_at", type="TIMESTAMPTZ", description="When the source last changed the record."),
    Column(name="_sequence", type="BIGINT", description="The source's order of versions of equal _updated_at."),
)
_ROW_HASH = Column(
    name="_row_hash",
    type="UBIGINT",
    description="Hash of the row's content, private fields keyed; orders versions last.",
)
_ACTIVITY_DAYS = (
    Column(name="activity_date", type="DATE", description="Company day of occurred_at.", required=True),
    Column(name="created_date", type="DATE", description="Company day of created_at."),
)
_CONTACT_KEY = Column(
    name="contact_key", type="VARCHAR", description="Keyed HMAC of the normalised e-mail, else of the phone."
)


def record_key_column(contract: type[Record]) -> str:
    """The column that identifies a record over all sources, always `<source>:…`."""
    if contract.ENTITY == "activities":
        return "activity_id"
    return contract.KEY[0] if len(contract.KEY) == 1 else "record_key"


def column_name(contract: type[Record], field: str) -> str:
    """The latest table's column of a contract field; for a single key that is the record key column."""
    if (field,) == contract.KEY:
        return record_key_column(contract)
    if field == "updated_at":
        return "_updated_at"
    return COLUMN_NAMES.get((contract.ENTITY, field), field)


def stored_fields(contract: type[Record]) -> tuple[str, ...]:
    """The contract fields that reach crm.duckdb, in the contract's order, `updated_at` last."""
    return tuple(name for name in contract.kinds() if name not in contract.PRIVATE)


@cache
def record_table(contract: type[Record]) -> TableSpec:
    """The contract of core.latest_<entity>."""
    key = record_key_column(contract)
    fields = [name for name in stored_fields(contract) if (name,) != contract.KEY and name != "updated_at"]
    return TableSpec(
        table=f"core.latest_{contract.ENTITY}",
        description=f"The newest version of every record of {contract.ENTITY}, deleted ones included.",
        grain=(key,),
        columns=(
            Column(name=key, type="VARCHAR", description=_key_description(contract), required=True),
            Column(name="source", type="VARCHAR", description="The source that delivered the row.", required=True),
            *(_field_column(contract, name) for name in fields if name != "is_deleted"),
            *((_CONTACT_KEY,) if contract.ENTITY == "contacts" else ()),
            *(_ACTIVITY_DAYS if contract.ENTITY == "activities" else ()),
            _field_column(contract, "is_deleted"),
            *_WINNER_COLUMNS,
            *((_ROW_HASH,) if contract.PRIVATE else ()),
        ),
    )


def changed_table(contract: type[Record]) -> TableSpec:
    """The contract of staging.changed_<entity>: which winners are new tonight."""
    return TableSpec(
        table=f"staging.changed_{contract.ENTITY}",
        description=f"Records of {contract.ENTITY} whose winning version changed tonight.",
        grain=("record_key",),
        columns=(
            Column(
                name="record_key",
                type="VARCHAR",
                description=f"core.latest_{contract.ENTITY}.{record_key_column(contract)}.",
                required=True,
            ),
            Column(name="load_number", type="INTEGER", description="The load that delivered the new winner."),
            Column(
                name="is_new",
                type="BOOLEAN",
                description="True when there was no other version to choose the winner from.",
            ),
        ),
    )


def record_tables() -> tuple[TableSpec, ...]:
    """The contracts of all core.latest_* and staging.changed_*."""
    contracts = CONTRACTS.values()
    return (*(record_table(contract) for contract in contracts), *(changed_table(contract) for contract in contracts))


def stored_columns(contract: type[Record]) -> tuple[str, ...]:
    """The columns of core.latest_<entity>."""
    return tuple(column.name for column in record_table(contract).columns)


def row_hash_sql(contract: type[Record]) -> str:
    """md5 over a record's columns in the contract's order, blank ones as ''; for contracts without private fields.

    It is asked only of ids with more than one version, so it is computed for them: stored for every record it would
    cost a first load a tenth of its time. Private fields are no columns of crm.duckdb, so their contracts do store it.
    """
    kinds = {column_name(contract, field): kind for field, kind in contract.kinds().items()}
    texts = (_hashed_text(name, kind) for name, kind in kinds.items())
    return f"md5_number_lower(concat_ws(chr(31), {', '.join(texts)}))"


def content_sql(contract: type[Record]) -> str:
    """The row hash of a staged or stored record: the column where it is stored, else computed from the others."""
    return "_row_hash" if "_row_hash" in stored_columns(contract) else row_hash_sql(contract)


def _hashed_text(name: str, kind: Kind) -> str:
    value = f"epoch_us({identifier(name)})" if kind.shape is Shape.INSTANT else identifier(name)
    return f"coalesce({value}::varchar, '')"


def create_record_table(connection: duckdb.DuckDBPyConnection, contract: type[Record]) -> None:
    """Makes core.latest_<entity> anew and empty."""
    spec = record_table(contract)
    ids = {record_key_column(contract), *PREFIXED_REFERENCES} & {
        column.name for column in spec.columns if column.type == "VARCHAR"
    }
    create_table(connection, spec, ids=ids)


def _key_description(contract: type[Record]) -> str:
    parts = "".join(f":<{name}>" for name in contract.KEY)
    return f"Identifies the record over all sources: <source>{parts}."


def _field_column(contract: type[Record], name: str) -> Column:
    field = contract.model_fields[name]
    is_required = name in contract.required() or name in contract.KEY_DEFAULTS
    return Column(
        name=column_name(contract, name),
        type=contract.kinds()[name].sql_type,
        description=f"{field.description}{_id_note(name)}{_privacy_note(contract.kinds()[name])}",
        required=is_required,
    )


def _id_note(name: str) -> str:
    if name in PREFIXED_REFERENCES:
        return " Written <source>:<id>."
    return " As the source writes it." if name in REP_REFERENCES else ""


def _privacy_note(kind: Kind) -> str:
    """What becomes of an address or a phone number in the column; see docs/privacy.md."""
    return _PRIVACY_NOTES.get(kind.hiding, "") if kind.may_name_a_person else ""


_PRIVACY_NOTES = {
    Hiding.KEY: " An e-mail address or a phone number stands as a keyed token.",
    Hiding.WORD: " E-mail addresses and phone numbers are masked.",
    Hiding.TEXT: " E-mail addresses and phone numbers are masked.",
}
