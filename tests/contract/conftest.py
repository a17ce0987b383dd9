from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit import services

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    with services.postgres() as dsn:
        yield dsn
