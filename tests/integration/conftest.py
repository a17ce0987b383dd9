from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.kit import database_server, digest, insert, messages, services

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


@pytest.fixture
def messaging(aws_endpoint: str) -> Iterator[messages.World]:
    with messages.world(aws_endpoint) as world:
        yield world


@pytest.fixture(scope="session")
def treatments_surroundings(aws_endpoint: str) -> Iterator[Any]:
    with insert.surroundings(aws_endpoint) as s3:
        yield s3


@pytest.fixture(autouse=True)
def treatments_variables(request: pytest.FixtureRequest) -> Iterator[None]:
    """For each test alone: fixtures of other files put back what they found."""
    wanted = insert.VARIABLES if "treatments" in request.fixturenames else {}
    endpoint = request.getfixturevalue("aws_endpoint") if wanted else ""
    with mock.patch.dict("os.environ", wanted | ({"AWS_ENDPOINT_URL": endpoint} if wanted else {})):
        yield


@pytest.fixture(scope="session")
def treatments(treatments_surroundings: Any) -> Iterator[insert.Function]:
    """insert-ppu-data with a database of its own."""
    with database_server.database_server() as server:
        function = insert.Function(server, treatments_surroundings)
        yield function
        function.close()
