"""What Alembic runs for each upgrade: the migrations, in the transaction of its caller."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
