"""Figures out of reports: which promise each is held to, and in which direction."""

from __future__ import annotations

from typing import Any

from tests.performance import sizes
from tests.performance.bench import figures
from tests.performance.bench.figure import Figure

INSERTS = {
    "bulk": {
        "of_bare_copy": 0.45,
        "budget": 0.5,
        "samples": [0.4, 0.45, 0.5],
        "rows_per_second": {"function": 90_000},
    },
    "single": {"overhead_p50_ms": 1.1, "budget_ms": 2.0},
}
RELEASES = {
    "rollback": {
        "process_seconds": 2.4,
        "live_moved_seconds": 1.2,
        "each_process_seconds": [2.3, 2.4, 2.9],
        "budget_seconds": 3.0,
    },
    "alarm_to_restored_traffic": {
        "cold_guard_seconds": 1.7,
        "warm_guard_seconds": 0.9,
        "each": {"cold": [1.7], "warm": [0.9]},
    },
    "fifteen_functions": {
        "one_command_seconds": 4.0,
        "ratio": 2.3,
        "budget": 2.0,
        "samples": [2.2, 2.3, 2.4],
    },
}


def rate(per_second: float, p50: float) -> dict[str, float]:
    return {"per_second": per_second, "p50": p50}


GATEWAY = {
    "bare": {"32": rate(400, 70.0), "256": rate(450, 500.0)},
    "common": {"32": rate(300, 90.0), "256": rate(200, 900.0)},
    "rest": {"32": rate(1400, 71.5), "256": rate(900, 200.0)},
    "grpc": {"32": rate(900, 73.0), "256": rate(500, 300.0)},
    "batch_seconds": 0.2,
}
COLD = {
    "functions": {
        "sync-clock": {
            "budget": {
                "times_the_floor": 5.0,
                "of_the_common_build": 0.35,
                "compressed_mb_above_base": 15,
            },
            "times_the_floor": 4.2,
            "of_the_common_build": 0.1,
            "compressed_mb_above_base": 16.0,
            "samples": {"times_the_floor": [4.2], "of_the_common_build": [0.1]},
        }
    },
    "rebuild_seconds": 0.6,
}


def told(**reports: Any) -> dict[str, Figure]:
    return {figure.key: figure for figure in figures.of(reports)}


def held(**reports: Any) -> dict[str, bool | None]:
    return {key: figure.held for key, figure in told(**reports).items()}


def test_a_rate_is_held_from_below_and_a_time_from_above() -> None:
    assert held(inserts=INSERTS) == {
        "inserts/of_bare_copy": False,
        "inserts/rows_per_second": None,
        "inserts/overhead_p50_ms": True,
    }
    assert told(inserts=INSERTS)["inserts/of_bare_copy"].samples == (0.4, 0.45, 0.5)


def test_the_gateway_is_held_to_its_promises_where_they_were_made() -> None:
    found = held(gateway=GATEWAY)
    assert {key: value for key, value in found.items() if value is not None} == {
        "gateway/rest-32-p50-above-bare": True,
        "gateway/rest-256-times-common": True,
        "gateway/grpc-32-p50-above-bare": False,
        "gateway/grpc-256-times-common": False,
        "gateway/batch_seconds": True,
    }
    assert told(gateway=GATEWAY)["gateway/rest-256-times-common"].value == 4.5


def test_releases_and_images_have_their_budgets() -> None:
    assert held(releases=RELEASES)["releases/rollback_seconds"] is True
    assert held(releases=RELEASES)["releases/fifteen_times_one"] is False
    assert held(cold_start=COLD) == {
        "cold_start/sync-clock/times_the_floor": True,
        "cold_start/sync-clock/of_the_common_build": True,
        "cold_start/sync-clock/compressed_mb_above_base": False,
        "cold_start/rebuild_seconds": True,
    }


def test_every_figure_says_how_to_measure_it_again() -> None:
    found = told(gateway=GATEWAY, inserts=INSERTS, releases=RELEASES, cold_start=COLD)
    for key, figure in found.items():
        assert figure.command == f"make bench ONLY={key.partition('/')[0]}"


def test_a_shared_layer_is_kept_once() -> None:
    images = {"one": ["base", "own"], "two": ["base"]}
    found = sizes.summed(images, {"base": 40_000_000, "own": 10_000_000})
    assert (found["kept_mb"], found["unshared_mb"], found["in_every_image_mb"]) == (50, 90, 40)
    assert found["images"]["one"]["own_mb"] == 10
    assert found["images"]["two"]["own_mb"] == 0
    assert [layer["images"] for layer in found["images"]["one"]["layers"]] == [2, 1]
    assert told(sizes=found)["sizes/kept_of_unshared"].value == round(50 / 90, 3)
