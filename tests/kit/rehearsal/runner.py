"""Runs a workflow's file for an event: jobs by their needs, steps in their order."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.kit import program
from tests.kit.rehearsal import expressions
from tests.kit.rehearsal.github import REPOSITORY, TOKEN, FakeGitHub
from tests.kit.rehearsal.workspace import Remote

# Without this the local AWS would take whoever asks for its root.
NOBODY = {
    "FLEET_LOCAL_AWS_ACCESS_KEY_ID": "nobody",
    "FLEET_LOCAL_AWS_SECRET_ACCESS_KEY": "nobody",
}


@dataclass
class StepRun:
    """One step that was looked at.

    Attributes:
        outcome: success, failure or skipped.
        log: what it wrote, to both channels.
    """

    name: str
    outcome: str
    seconds: float = 0.0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class JobRun:
    """One job, and its steps."""

    result: str
    steps: list[StepRun] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    environment: str = ""
    summary: str = ""
    actions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def step(self, name: str) -> StepRun:
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        return "\n".join(f"── {step.name}: {step.outcome}\n{step.log}" for step in self.steps)


@dataclass
class Rehearsal:
    """A repository, a GitHub, and what the runner's environment has besides.

    Attributes:
        variables: the repository's and environments' configuration variables.
        roles: by environment, what a job has in its environment once it has taken its role; before
            that it is nobody.
    """

    remote: Remote
    github: FakeGitHub
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    roles: dict[str, dict[str, str]] = field(default_factory=dict)
    _runs: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def run(
        self,
        name: str,
        event: str,
        payload: dict[str, Any],
        *,
        actor: str = "maria",
        only: set[str] | None = None,
    ) -> dict[str, JobRun]:
        """Run a workflow at main; the jobs by name, those that were skipped too.

        Args:
            only: these jobs, and no other.
        """
        text = self.remote.file(f".github/workflows/{name}")
        # YAML 1.1 takes the key `on` for true.
        workflow = yaml.safe_load(text)
        assert event in workflow[True], f"{name} is not started by {event}"
        if only is not None:
            workflow["jobs"] = {job: workflow["jobs"][job] for job in only}
        run = _Run(self, workflow, event, payload, self.remote.head(), actor, next(self._runs))
        return run.all()


class _Run:
    def __init__(
        self,
        rehearsal: Rehearsal,
        workflow: dict[str, Any],
        event: str,
        payload: dict[str, Any],
        sha: str,
        actor: str,
        number: int,
    ) -> None:
        self._rehearsal = rehearsal
        self._workflow = workflow
        self._folder = rehearsal.folder / f"run-{number}"
        self._folder.mkdir(parents=True)
        self._event_file = self._folder / "event.json"
        self._event_file.write_text(json.dumps(payload))
        self._github = {
            "actor": actor,
            "event": payload,
            "event_name": event,
            "ref_name": payload.get("ref", "refs/heads/main").rpartition("/")[2],
            "repository": REPOSITORY,
            "run_id": str(number),
            "sha": sha,
            "token": TOKEN,
        }
        self._jobs: dict[str, JobRun] = {}

    def all(self) -> dict[str, JobRun]:
        waiting = dict(self._workflow["jobs"])
        while waiting:
            name = next(n for n, job in waiting.items() if set(_needs(job)) <= set(self._jobs))
            self._jobs[name] = self._job(name, waiting.pop(name))
        return self._jobs

    def _contexts(self, job: dict[str, Any]) -> dict[str, Any]:
        needs = {n: self._jobs[n] for n in _needs(job)}
        return {
            "github": self._github,
            "inputs": self._github["event"].get("inputs") or {},
            "vars": self._rehearsal.variables,
            "secrets": {},
            "needs": {n: {"result": j.result, "outputs": j.outputs} for n, j in needs.items()},
            "steps": {},
            "job": {"status": "success"},
        }

    def _job(self, name: str, job: dict[str, Any]) -> JobRun:
        contexts = self._contexts(job)
        well = all(need["result"] == "success" for need in contexts["needs"].values())
        if not _wanted(job.get("if"), contexts, well=well):
            return JobRun("skipped")
        assert "strategy" not in job, "give a job with a matrix to a test of its own"
        run = JobRun("success")
        functions = _functions(well=True)
        run.environment = str(expressions.render(job.get("environment", ""), contexts, functions))
        variables = expressions.render(job.get("env", {}), contexts, functions)
        machine = _Machine(
            self._rehearsal,
            self._folder / name,
            self._github,
            self._event_file,
            self._rehearsal.roles.get(run.environment, NOBODY),
        )
        for number, step in enumerate(job["steps"]):
            self._step(number, step, run, machine, contexts | {"env": variables})
        run.summary = machine.summary
        run.actions = machine.actions
        run.outputs = {
            key: expressions.as_text(value)
            for key, value in expressions.render(job.get("outputs", {}), contexts, {}).items()
        }
        return run

    @staticmethod
    def _step(
        number: int,
        step: dict[str, Any],
        run: JobRun,
        machine: _Machine,
        contexts: dict[str, Any],
    ) -> None:
        well = run.result == "success"
        contexts["job"]["status"] = run.result
        done = StepRun(step.get("name", str(number)), "skipped")
        if _wanted(step.get("if"), contexts, well=well):
            filled = expressions.render(
                {key: step[key] for key in ("run", "with", "env") if key in step}, contexts, {}
            )
            variables = contexts["env"] | filled.get("env", {})
            began = time.monotonic()
            if "run" in step:
                machine.shell(done, filled["run"], variables)
            else:
                machine.action(done, step["uses"], filled.get("with", {}))
            done.seconds = time.monotonic() - began
            if done.outcome == "failure":
                run.result = "failure"
        run.steps.append(done)
        if "id" in step:
            contexts["steps"][step["id"]] = {"outcome": done.outcome, "outputs": done.outputs}


class _Machine:
    """A runner's machine: one folder, the steps' files, and stand-ins for the actions."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        folder: Path,
        github: dict[str, Any],
        event: Path,
        role: dict[str, str],
    ) -> None:
        folder.mkdir()
        self._rehearsal = rehearsal
        self._folder = folder
        self._workspace = folder / "workspace"
        self._workspace.mkdir()
        self._github = github
        self._event = event
        self._role = role
        self._who = NOBODY
        self.actions: list[tuple[str, dict[str, Any]]] = []
        self._summary = folder / "summary.md"

    @property
    def summary(self) -> str:
        return self._summary.read_text() if self._summary.exists() else ""

    def shell(self, done: StepRun, script: str, variables: dict[str, Any]) -> None:
        """Run a script as GitHub does: bash, and its first failure ends it."""
        outputs = self._folder / "outputs"
        outputs.write_text("")
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self._workspace,
            env=self._environment(outputs)
            | {key: expressions.as_text(value) for key, value in variables.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        done.log = ended.stdout
        done.outcome = "failure" if ended.returncode else "success"
        lines = (line.partition("=") for line in outputs.read_text().splitlines())
        done.outputs = {name: value for name, _, value in lines}

    def action(self, done: StepRun, uses: str, given: dict[str, Any]) -> None:
        """Do what an action would; all but the checkout have nothing to do on this machine."""
        name = uses.partition("@")[0]
        self.actions.append((name, given))
        done.outcome = "success"
        if name == "aws-actions/configure-aws-credentials":
            self._who = self._role
        if name == "actions/checkout":
            self._rehearsal.remote.checkout(
                self._workspace, str(given.get("ref") or self._github["sha"])
            )

    def _environment(self, outputs: Path) -> dict[str, str]:
        return (
            program.environment(GITHUB_TOKEN=None)
            | self._rehearsal.environment
            | self._who
            | {
                "CI": "true",
                "GITHUB_ACTOR": self._github["actor"],
                "GITHUB_API_URL": self._rehearsal.github.url,
                "GITHUB_EVENT_NAME": self._github["event_name"],
                "GITHUB_EVENT_PATH": str(self._event),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_RUN_ID": self._github["run_id"],
                "GITHUB_SHA": self._github["sha"],
                "GITHUB_STEP_SUMMARY": str(self._summary),
            }
        )


def _needs(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _wanted(condition: Any, contexts: dict[str, Any], *, well: bool) -> bool:
    """Whether a job or a step runs: without a status function, only when all went well before."""
    if condition is None:
        return well
    text = str(condition).strip().removeprefix("${{").removesuffix("}}")
    value = expressions.is_true(expressions.evaluate(text, contexts, _functions(well=well)))
    says_when = any(f"{word}()" in text for word in ("always", "failure", "cancelled", "success"))
    return value and (well or says_when)


def _functions(*, well: bool) -> expressions.Functions:
    return {
        "always": lambda: True,
        "success": lambda: well,
        "failure": lambda: not well,
        "cancelled": lambda: False,
    }
