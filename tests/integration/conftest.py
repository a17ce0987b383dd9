from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.kit import database_server, digest, insert, services

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    with services.postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with services.local_aws() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def digest_world(postgres_dsn: str, aws_endpoint: str) -> Iterator[digest.World]:
    with digest.world(postgres_dsn, aws_endpoint) as world:
        yield world


@pytest.fixture
def world(digest_world: digest.World) -> digest.World:
    digest_world.reset()
    return digest_world


@pytest.fixture(scope="session")
def treatments_surroundings(aws_endpoint: str) -> Iterator[Any]:
    with insert.surroundings(aws_endpoint) as s3:
        yield s3


@pytest.fixture(scope="session")
def treatments(treatments_surroundings: Any) -> Iterator[insert.Function]:
    """insert-ppu-data with a database of its own."""
    with database_server.database_server() as server:
        function = insert.Function(server, treatments_surroundings)
        yield function
        function.close()
