"""What functions log in as, and what it may do."""

from db_migrate.migrations import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply it."""
    run("0002_app_role.sql")
