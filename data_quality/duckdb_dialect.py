"""The few lines of SQLAlchemy that Great Expectations needs to ask DuckDB; it reads, and nothing else uses it.

Rows are taken as soon as a statement has run: Great Expectations closes the connection before it fetches, and
DuckDB's result dies with it.
"""

from __future__ import annotations

from typing import Any

import duckdb
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.types import NullType

from sql.quoting import identifier

NAME = "duckdb"


def register() -> None:
    """Makes `duckdb:///<database>` an address that SQLAlchemy knows."""
    registry.register(NAME, __name__, "DuckDBDialect")


class _Buffered(DefaultExecutionContext):
    def post_exec(self) -> None:
        """Takes all rows at once."""
        if self.cursor is not None and self.cursor.description:
            rows = self.cursor.fetchall()
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)


class DuckDBDialect(DefaultDialect):
    """Statements as SQLAlchemy writes them for no database in particular; DuckDB understands them."""

    name = NAME
    driver = NAME
    default_paramstyle = "qmark"
    supports_statement_cache = True
    supports_native_boolean = True
    execution_ctx_cls = _Buffered

    @classmethod
    def import_dbapi(cls) -> Any:
        """DuckDB's own Python module."""
        return duckdb

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """No pool: a connection that waits for its next use keeps the database open after everybody left."""
        return NullPool

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """The database that the address names."""
        return [url.database], {}

    def do_begin(self, dbapi_connection: Any) -> None:
        """Nothing: everything is read only."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Nothing: everything is read only."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Nothing: everything is read only."""

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        return tuple(int(part) for part in duckdb.__version__.split(".")[:2])

    def _get_default_schema_name(self, connection: Connection) -> str:
        return "main"

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        """True: every table that is asked for was made just before."""
        return True

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        """Names of the columns in their order; types are checked where tables are built."""
        described = connection.exec_driver_sql(f"describe {identifier(table_name)}")
        return [{"name": str(row[0]), "type": NullType(), "nullable": True, "default": None} for row in described]
