"""Running Terraform for one environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.environments import Environment
    from fleet.project import Project

_LOG_LINES = 60
_WITH_VARIABLES = frozenset({"apply", "console", "destroy", "import", "plan", "refresh"})


class Terraform:
    """The root module with one environment's variables and backend."""

    def __init__(self, project: Project, environment: Environment) -> None:
        if not shutil.which("terraform"):
            raise FleetError("terraform is not on the PATH", "install Terraform 1.11 or newer")
        self._project = project
        self._environment = environment
        suffix = environment.instance.suffix if environment.instance else ""
        self._data = project.state / "terraform" / f"{environment.name}{suffix}"
        self._log = project.reports / "logs" / f"terraform-{environment.name}{suffix}.log"
        self._log.parent.mkdir(exist_ok=True)

    def init(self) -> None:
        """Prepare providers and backend."""
        backend = f"environments/{self._environment.name}.s3.tfbackend"
        arguments = ["-reconfigure", f"-backend-config={backend}"]
        if self._environment.is_local:
            endpoint = self._environment.endpoint
            arguments.append(f'-backend-config=endpoints={{s3="{endpoint}"}}')
        self._run("init", *arguments)

    def apply(self, *targets: str, image_tag: str | None = None) -> None:
        """Apply everything, or only the targets."""
        chosen = [f"-target={target}" for target in targets]
        self._run("apply", "-auto-approve", *chosen, *self._variables(image_tag))

    def apply_plan(self, file: Path) -> None:
        """Apply a plan that was kept: that and nothing else, or nothing when it is outdated."""
        self._run("apply", str(file.resolve()))

    def plan(
        self, image_tag: str | None = None, file: Path | None = None
    ) -> tuple[bool, dict[str, Any]]:
        """Whether anything would change, and the plan as Terraform's JSON; kept in a file."""
        file = file.resolve() if file else self._data / "plan.tfplan"
        file.parent.mkdir(parents=True, exist_ok=True)
        code = self._run(
            "plan",
            "-detailed-exitcode",
            # Whoever plans may read and nothing else; an apply looks whether the state is the same.
            "-lock=false",
            f"-out={file}",
            *self._variables(image_tag),
            allowed=(0, 2),
        )
        shown = self._capture("show", "-json", str(file))
        return code != 0, json.loads(shown)

    def destroy(self) -> None:
        """Remove everything of this environment."""
        self._run("destroy", "-auto-approve", *self._variables(None))

    def outputs(self) -> dict[str, Any]:
        """The root module's outputs; on a machine that has asked for none yet, init comes first."""
        if not (self._data / "terraform.tfstate").exists():
            self.init()
        values = json.loads(self._capture("output", "-json"))
        return {name: output["value"] for name, output in values.items()}

    def state(self) -> list[str]:
        """The addresses of everything that Terraform manages here."""
        return self._capture("state", "list").split()

    def pass_on(self, arguments: Sequence[str]) -> int:
        """Run what a person typed, at their terminal, and return its exit code."""
        verb, *rest = arguments
        # A plan that was kept has its values in it, and Terraform takes no others.
        kept = verb == "apply" and any(not word.startswith("-") for word in rest)
        values = self._variables(None) if verb in _WITH_VARIABLES and not kept else []
        command = self._command(verb, (*values, *rest))
        return subprocess.run(command, env=self._environ(), check=False).returncode

    def _variables(self, image_tag: str | None) -> list[str]:
        given = [f"-var-file={self._values()}"]
        given.append(f"-var=architecture={self._environment.architecture}")
        instance = self._environment.instance
        if instance and instance.offset:
            given.append(f'-var=emulator={{endpoint="{self._environment.endpoint}"}}')
        if image_tag:
            given.append(f"-var=image_tag={image_tag}")
        return given

    def _values(self) -> Path:
        """The environment's file; of a stack on other ports a copy that names those."""
        file = (
            self._project.root / "terraform" / "environments" / f"{self._environment.name}.tfvars"
        )
        instance = self._environment.instance
        if not instance or not instance.offset:
            return file
        text = file.read_text(encoding="utf-8")
        for port in instance.ports:
            text = text.replace(f":{port - instance.offset}", f":{port}")
        self._data.mkdir(parents=True, exist_ok=True)
        copy = self._data / file.name
        copy.write_text(text, encoding="utf-8")
        return copy

    def _environ(self) -> dict[str, str]:
        variables = os.environ | self._environment.variables()
        variables |= {"TF_DATA_DIR": str(self._data), "TF_IN_AUTOMATION": "1"}
        # A fifth of a plan's time went into collecting the provider's schemas, which stay.
        variables.setdefault("GOGC", "400")
        given = os.environ.get("TF_CLI_CONFIG_FILE")
        # A setting that names no file would only make Terraform warn at every call.
        if not (given and Path(given).exists()):
            prepared = self._project.state / "terraform.rc"
            variables["TF_CLI_CONFIG_FILE"] = str(prepared) if prepared.exists() else ""
        return variables

    def _command(self, verb: str, arguments: tuple[str, ...]) -> list[str]:
        folder = self._project.root / "terraform"
        return ["terraform", f"-chdir={folder}", verb, *arguments]

    def _capture(self, verb: str, *arguments: str) -> str:
        ended = subprocess.run(
            self._command(verb, arguments),
            env=self._environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise FleetError(
                f"terraform {verb} failed:\n{ended.stderr.strip()}", "see the reason above"
            )
        return ended.stdout

    def _run(self, verb: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> int:
        options = ("-input=false", "-no-color", *arguments)
        with self._log.open("a", encoding="utf-8") as output:
            output.write(f"\n$ terraform {verb} {' '.join(arguments)}\n")
            output.flush()
            code = subprocess.run(
                self._command(verb, options),
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code not in allowed:
            end = "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:])
            place = self._log.relative_to(self._project.root)
            # An apply or a destroy may have come half way.
            half_way = verb in {"apply", "destroy"}
            raise FleetError(
                f"terraform {verb} failed:\n{end}",
                f"the whole output is in {place}; mend the reason and run it again",
                ExitCode.NEEDS_PERSON if half_way else ExitCode.PREFLIGHT,
            )
        return code
