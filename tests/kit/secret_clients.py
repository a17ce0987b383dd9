"""The clients of Secrets Manager and SSM that the kit keeps for the life of an environment."""

from __future__ import annotations

from function_kit import secret_stores


def forget() -> None:
    """Close them, so that the next is made with the variables of that moment."""
    if secret_stores.prepare.cache_info().currsize:
        for store in ("secretsmanager", "ssm"):
            secret_stores.prepare(store).close()
    secret_stores.prepare.cache_clear()
