"""The root module by Terraform's own means: format, validation, its tests with mocked providers."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kit.process import until
from tests.kit.program import ROOT

ALARM = re.compile(r'^resource "aws_cloudwatch_metric_alarm" "(\w+)"', re.MULTILINE)
ATTACH = re.compile(r"TF_REATTACH_PROVIDERS='(.*)'")
SHOWN = re.compile(
    r"^  (?:dashboard_alarms|message_alarm_arns) += .*?^  [)\]]", re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Terraform's environment: providers initialised, no backend."""
    # Less often: the provider's schemas are all there is to collect, and they stay.
    values = os.environ | {"GOGC": "400", "TF_DATA_DIR": str(tmp_path_factory.mktemp("terraform"))}
    if not Path(values.get("TF_CLI_CONFIG_FILE", "")).is_file():
        values["TF_CLI_CONFIG_FILE"] = str(ROOT / ".fleet" / "terraform.rc")
    run(values, "init", "-backend=false", "-input=false")
    return values


def run(environment: dict[str, str], *arguments: str) -> str:
    ended = subprocess.run(
        ["terraform", f"-chdir={ROOT / 'terraform'}", *arguments, "-no-color"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_is_formatted(terraform: dict[str, str]) -> None:
    run(terraform, "fmt", "-check", "-recursive")


def test_it_is_valid(terraform: dict[str, str]) -> None:
    assert "configuration is valid" in run(terraform, "validate")


def test_every_alarm_is_on_the_dashboard() -> None:
    """What functions and APIs make of their own, Terraform's tests count."""
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "terraform").glob("*.tf")]
    made = {name for text in texts for name in ALARM.findall(text)}
    lists = "".join(block for text in texts for block in SHOWN.findall(text))
    assert len(made) > 10
    assert made - set(re.findall(r"aws_cloudwatch_metric_alarm\.(\w+)", lists)) == set()


@pytest.fixture(scope="module")
def provider(terraform: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One provider that stays, as its developers attach one: what Terraform is to attach to.

    Terraform would start it, 700 MB of a program, four times for every run.
    """
    folder = Path(terraform["TF_DATA_DIR"]) / "providers"
    (program,) = folder.glob("*/hashicorp/aws/*/*/terraform-provider-aws_*")
    log = tmp_path_factory.mktemp("provider") / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [program, "--debug"], env=terraform, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: ATTACH.search(log.read_text(encoding="utf-8")))
        found = ATTACH.search(log.read_text(encoding="utf-8"))
        assert found
        yield found[1]
    finally:
        running.terminate()
        running.wait()


def test_its_own_tests_pass(terraform: dict[str, str], provider: str) -> None:
    """Two processes side by side: Terraform itself runs its files one after the other."""
    terraform = terraform | {"TF_REATTACH_PROVIDERS": provider}
    files = sorted((ROOT / "terraform" / "tests").glob("*.tftest.hcl"), key=runs, reverse=True)
    halves: tuple[list[Path], list[Path]] = ([], [])
    for file in files:
        min(halves, key=lambda half: sum(map(runs, half))).append(file)
    with ThreadPoolExecutor(len(halves)) as pool:
        passed = list(pool.map(lambda half: passes(terraform, half), halves))
    assert sum(passed) == sum(map(runs, files))


def runs(file: Path) -> int:
    """How many runs a test file has."""
    return len(re.findall(r'^run "', file.read_text(encoding="utf-8"), re.MULTILINE))


def passes(terraform: dict[str, str], files: list[Path]) -> int:
    """How many runs of these files passed, when none failed."""
    chosen = [f"-filter=tests/{file.name}" for file in files]
    summary = re.search(r"Success! (\d+) passed, 0 failed", run(terraform, "test", *chosen))
    return int(summary[1]) if summary else 0
