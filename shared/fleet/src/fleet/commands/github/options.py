"""What the jobs of a delivery hand to each other, in the environment of their steps."""

from __future__ import annotations

from typing import Annotated

import typer

Sha = Annotated[str, typer.Option("--sha", envvar="SHA", help="The commit that is released.")]
PullRequest = Annotated[
    str, typer.Option("--pull-request", envvar="PULL_REQUEST", help="Where to comment.")
]
Strategy = Annotated[
    str, typer.Option("--strategy", envvar="STRATEGY", help="all-at-once, canary or linear.")
]
Deployment = Annotated[
    str, typer.Option("--deployment", envvar="DEPLOYMENT", help="What `begin` began.")
]
Outcome = Annotated[
    str, typer.Option("--outcome", envvar="OUTCOME", help="success, failure or cancelled.")
]
