from __future__ import annotations
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
import time
import pytest
from tests.kit.digest import World, monitor

@pytest.fixture
def world(digest_world: World) -> World:
    digest_world.reset()
    return digest_world

def test_quick(world: World, capsys) -> None:
    world.supabase.add_monitors([monitor(UUID(int=n), f"acme/r{n:04}") for n in range(300)])
    with world.function() as function:
        t=time.time()
        print(function({"frequency": "daily"}, seconds=30))
        print("TOOK", time.time()-t, len(world.backend.deliveries))
    with capsys.disabled():
        out=capsys.readouterr().out.splitlines()
        print("\n".join(out[:5]+out[-5:]))
