"""The small fleet's environments on the local stack, and who may deploy to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from fleet import environments
from fleet.commands.bootstrap import REGISTRY, build_and_push
from fleet.commands.options import Workplace
from fleet.environments import Environment
from fleet.project import Project
from fleet.stack.fixtures import SAMPLE_KEY, SAMPLE_OBJECT

from tests.kit.program import ROOT, fleet
from tests.kit.rehearsal.workspace import Remote, bring_tools, small_fleet

CLOCK, LINKS = "sync-clock", "generate-presigned-url"
TERRAFORM = ROOT / "tests" / "kit" / "rehearsal" / "terraform"
ENVIRONMENTS = ("dev", "staging")
GITHUB = "token.actions.githubusercontent.com"


@dataclass
class SmallFleet:
    """Two functions in dev and staging, with one registry.

    Attributes:
        deployers: by environment, the key of somebody with the policy of the role that deploys.
    """

    remote: Remote
    deployers: dict[str, tuple[str, str]] = field(default_factory=dict)

    def environment(self, name: str) -> Environment:
        return environments.load(Project(self.remote.root), name)

    def live(self, environment: str) -> dict[str, tuple[str, str]]:
        """By function: the tag and the version that are live."""
        rows = fleet("status", "--env", environment, "--json", cwd=self.remote.root).json
        return {row["function"]: (row["tag"], row["live_version"]) for row in rows}

    def role(self, environment: str) -> dict[str, str]:
        """What makes `fleet` the role that deploys."""
        key, secret = self.deployers[environment]
        return {
            "FLEET_LOCAL_AWS_ACCESS_KEY_ID": key,
            "FLEET_LOCAL_AWS_SECRET_ACCESS_KEY": secret,
        }


def make(folder: Path) -> SmallFleet:
    """What bootstrap does, for the small fleet: registry, images, the rest, a first release."""
    remote = small_fleet(folder, {CLOCK, LINKS}, TERRAFORM)
    bring_tools(remote.root)
    made = SmallFleet(remote)
    for name in ENVIRONMENTS:
        place = Workplace(Project(remote.root), made.environment(name))
        place.environment.client("s3").create_bucket(Bucket=f"rehearsal-{name}-state")
        place.terraform.init()
        if name == ENVIRONMENTS[0]:
            _provider(place.environment)
            place.terraform.apply(*REGISTRY)
        tag = place.project.commit()
        build_and_push(place, tag)
        place.terraform.apply(image_tag=tag)
        # What sample events ask for.
        place.environment.client("s3").put_object(
            Bucket=f"rehearsal-{name}-downloads", Key=SAMPLE_KEY, Body=SAMPLE_OBJECT
        )
        ended = fleet("release", "--env", name, cwd=remote.root)
        assert ended.code == 0, ended.err
        made.deployers[name] = _deployer(place.environment)
    return made


def _provider(environment: Environment) -> None:
    """GitHub's identity provider: an account has one, and another fleet may have made it."""
    iam = environment.client("iam")
    known = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if not any(provider["Arn"].endswith(GITHUB) for provider in known):
        iam.create_open_id_connect_provider(
            Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"]
        )


def _deployer(environment: Environment) -> tuple[str, str]:
    """A user with the role's policy: here is no token of GitHub's to take the role with."""
    iam = environment.client("iam")
    role = f"rehearsal-{environment.name}-github-deploy"
    document = iam.get_role_policy(RoleName=role, PolicyName="deploy")["PolicyDocument"]
    iam.create_user(UserName=f"{role}-user")
    text = document if isinstance(document, str) else json.dumps(document)
    iam.put_user_policy(UserName=f"{role}-user", PolicyName="deploy", PolicyDocument=text)
    key = iam.create_access_key(UserName=f"{role}-user")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
