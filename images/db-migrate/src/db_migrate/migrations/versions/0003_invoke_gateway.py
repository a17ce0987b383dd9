"""The invoke gateway's audit and clients, and what it may do with them."""

from db_migrate.migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply it."""
    run("0003_invoke_gateway.sql")
