"""How the tests are shared out when several processes run them (pytest -n)."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process has the local stack; otherwise a file's tests share their services in one."""
    for item in items:
        kind, *_ = item.path.relative_to(_HERE).parts
        group = "stack" if kind == "e2e" else str(item.path.relative_to(_HERE))
        item.add_marker(pytest.mark.xdist_group(group))
