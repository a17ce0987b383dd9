"""The part of PostgREST's query language that the functions use, turned into SQL.

Documentation: https://docs.postgrest.org/en/stable/references/api/tables_views.html. Operators
eq, neq, gt, gte, lt, lte, in and is; `select` of plain columns, `order`, `limit`, `offset`.
PostgREST knows more; whatever is not listed here answers 400, as an unknown operator does there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_IS = {
    "null": "NULL",
    "not_null": "NOT NULL",
    "true": "TRUE",
    "false": "FALSE",
    "unknown": "UNKNOWN",
}
_RESERVED = frozenset({"select", "order", "limit", "offset"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIST = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,"]*)\s*(?:,|$)')
_ORDER = re.compile(r"(?P<name>[A-Za-z_]\w*)(\.(?P<way>asc|desc))?(\.nulls(?P<nulls>first|last))?")


class PostgrestError(Exception):
    """An answer that is an error, in PostgREST's form.

    Attributes:
        status: The HTTP status.
        body: `{code, message, details, hint}`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Make an error from PostgREST's four fields and the status they are sent with."""
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "details": details, "hint": hint}


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query string.

    Attributes:
        columns: What to select; empty means every column.
        conditions: The filters, joined by AND.
        order: The parts of ORDER BY.
        limit: Rows at most, or None.
        offset: Rows to pass over.
    """

    columns: tuple[str, ...]
    conditions: tuple[sql.Composable, ...]
    order: tuple[sql.Composable, ...]
    limit: int | None
    offset: int

    def where(self) -> sql.Composable:
        """The WHERE clause, with the space before it, or nothing."""
        if not self.conditions:
            return sql.SQL("")
        return sql.SQL(" WHERE ") + sql.SQL(" AND ").join(self.conditions)

    def select(self, table: str, max_rows: int) -> sql.Composable:
        """A statement with one row: the page as a JSON text, and how many rows it has."""
        limit = max_rows if self.limit is None else min(self.limit, max_rows)
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        order = sql.SQL(" ORDER BY ") + sql.SQL(", ").join(self.order)
        return sql.SQL(
            "SELECT coalesce(json_agg(page), '[]')::text, count(*) FROM"
            " (SELECT {columns} FROM {table}{where}{order} LIMIT {limit} OFFSET {offset}) AS page"
        ).format(
            columns=columns if self.columns else sql.SQL("*"),
            table=sql.Identifier(table),
            where=self.where(),
            order=order if self.order else sql.SQL(""),
            limit=sql.Literal(limit),
            offset=sql.Literal(self.offset),
        )

    def count(self, table: str) -> sql.Composable:
        """A statement that counts every row that the filters let through."""
        return sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)) + self.where()

    def delete(self, table: str) -> sql.Composable:
        """A statement that deletes them.

        Raises:
            PostgrestError: There is no filter. Supabase loads `safeupdate`, which refuses that.
        """
        if not self.conditions:
            raise PostgrestError(400, "21000", "DELETE requires a WHERE clause")
        return sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) + self.where()


def parse(parameters: Iterable[tuple[str, str]]) -> Query:
    """Read a query string's decoded pairs.

    Raises:
        PostgrestError: Something in them is not in the language.
    """
    pairs = list(parameters)
    options = {name: value for name, value in pairs if name in _RESERVED}
    limit = _number("limit", options["limit"]) if "limit" in options else None
    return Query(
        columns=_columns(options.get("select", "*")),
        conditions=tuple(_condition(*pair) for pair in pairs if pair[0] not in _RESERVED),
        order=tuple(_order(part) for part in options.get("order", "").split(",") if part),
        limit=limit,
        offset=_number("offset", options.get("offset", "0")),
    )


def _columns(select: str) -> tuple[str, ...]:
    if select.strip() in {"", "*"}:
        return ()
    columns = tuple(part.strip() for part in select.split(","))
    if not all(_NAME.fullmatch(column) for column in columns):
        raise _unparsable("select parameter", select)
    return columns


def _number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise _unparsable(f"{name} parameter", value)
    return int(value)


def _order(part: str) -> sql.Composable:
    match = _ORDER.fullmatch(part.strip())
    if match is None:
        raise _unparsable("order", part)
    text = f" {(match['way'] or 'asc').upper()}"
    text += f" NULLS {match['nulls'].upper()}" if match["nulls"] else ""
    return sql.Identifier(match["name"]) + sql.SQL(text)


def _condition(column: str, value: str) -> sql.Composable:
    operator, dot, operand = value.partition(".")
    if not dot:
        raise _unparsable("filter", value)
    name = sql.Identifier(column)
    if operator in _COMPARISONS:
        return name + sql.SQL(f" {_COMPARISONS[operator]} ") + sql.Literal(operand)
    if operator == "is" and operand.lower() in _IS:
        return name + sql.SQL(f" IS {_IS[operand.lower()]}")
    if operator == "in" and operand.startswith("(") and operand.endswith(")"):
        return _membership(name, operand[1:-1])
    raise _unparsable("filter", value)


def _membership(name: sql.Identifier, inside: str) -> sql.Composable:
    values = [_unquoted(match[1].strip()) for match in _LIST.finditer(inside) if match[0]]
    if not values:
        return sql.SQL("FALSE")
    return name + sql.SQL(" IN (") + sql.SQL(", ").join(map(sql.Literal, values)) + sql.SQL(")")


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _unparsable(what: str, text: str) -> PostgrestError:
    return PostgrestError(
        400,
        "PGRST100",
        f'"failed to parse {what} ({text})" (line 1, column 1)',
        'unexpected input expecting "not" or operator (eq, gt, ...)',
    )
