"""Runs a workflow's file for an event: jobs by their needs, steps in their order."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.kit.rehearsal import expressions
from tests.kit.rehearsal.github import REPOSITORY, TOKEN, FakeGitHub
from tests.kit.rehearsal.machine import NOBODY, Machine, StepRun
from tests.kit.rehearsal.workspace import Remote


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
        others: dict[str, str] | None = None,
    ) -> dict[str, JobRun]:
        """Run a workflow at main; the jobs by name, those that were skipped too.

        Args:
            only: these jobs, and no other.
            others: how jobs ended that are not run here, for those that need them.
        """
        text = self.remote.file(f".github/workflows/{name}")
        # YAML 1.1 takes the key `on` for true.
        workflow = yaml.safe_load(text)
        assert event in workflow[True], f"{name} is not started by {event}"
        if only is not None:
            workflow["jobs"] = {job: workflow["jobs"][job] for job in only}
        run = _Run(self, workflow, event, payload, self.remote.head(), actor, next(self._runs))
        return run.all({job: JobRun(result) for job, result in (others or {}).items()})


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

    def all(self, known: dict[str, JobRun]) -> dict[str, JobRun]:
        self._jobs |= known
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
        if "strategy" not in job:
            return self._once(name, job, contexts)
        matrix = expressions.render(job["strategy"]["matrix"], contexts, {})
        runs = [
            self._once(f"{name}-{number}", job, contexts | {"matrix": values, "steps": {}})
            for number, values in enumerate(combinations(matrix))
        ]
        assert runs, "GitHub fails a job whose matrix is empty"
        return _together(runs)

    def _once(self, name: str, job: dict[str, Any], contexts: dict[str, Any]) -> JobRun:
        run = JobRun("success")
        functions = _functions(well=True)
        run.environment = str(expressions.render(job.get("environment", ""), contexts, functions))
        variables = expressions.render(job.get("env", {}), contexts, functions)
        machine = Machine(
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
        machine: Machine,
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


def combinations(matrix: dict[str, Any]) -> list[dict[str, Any]]:
    """What each job of a matrix gets: every value of one key with every one of the others.

    Raises:
        NotImplementedError: It includes or excludes, which no workflow here does.
    """
    if {"include", "exclude"} & set(matrix):
        raise NotImplementedError("include and exclude of a matrix are not rehearsed")
    return [
        dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())
    ]


def _together(runs: list[JobRun]) -> JobRun:
    """The jobs of a matrix as those see them that need them: well when all are."""
    bad = [run.result for run in runs if run.result != "success"]
    together = JobRun(bad[0] if bad else "success")
    for run in runs:
        together.steps += run.steps
        together.actions += run.actions
        together.outputs |= run.outputs
        together.summary += run.summary
    return together


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
