"""fleet github begin: a deployment on GitHub, before the first change."""

from __future__ import annotations

from fleet.commands.github.options import PullRequest, Sha, Strategy
from fleet.commands.options import Env, Functions, Tag
from fleet.console import note
from fleet.github import comments, deployments
from fleet.github.api import GitHub
from fleet.github.request import Request
from fleet.github.run import Run, write_outputs


def begin(
    sha: Sha,
    env: Env = "local",
    function: Functions = "all",
    tag: Tag = "",
    strategy: Strategy = "all-at-once",
    pull_request: PullRequest = "",
) -> None:
    """Begin a deployment, say so on the pull request, and leave its id as an output."""
    run = Run.of_this_process()
    github = GitHub.of(run.repository)
    own = "" if tag == sha else tag
    asked = Request(env, sha, function, own, strategy)
    identity = deployments.begin(github, asked, url=run.url)
    write_outputs({"deployment": str(identity)})
    if pull_request:
        said = f"🚀 Deploying {function} at `{(own or sha)[:12]}` to {env}: [the run]({run.url})."
        comments.tell(github, int(pull_request), "deploy", said)
    note(f"deployment {identity} to {env}")
