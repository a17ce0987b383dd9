"""Treatments, each once."""

from db_migrate.migrations import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply it."""
    run("0001_ppu_treatments.sql")
