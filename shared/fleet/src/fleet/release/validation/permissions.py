"""Who may call the function, what its role may do, and whether Lambda may pull its image."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fleet.release.told import ALIAS
from fleet.release.validation import statements
from fleet.release.validation.checks import Check, failed, passed, warned

if TYPE_CHECKING:
    from fleet.release.validation.subject import Sources, Subject

_GATEWAY = "apigateway.amazonaws.com"
_LAMBDA = "lambda.amazonaws.com"
_PULL = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


def check_callers(sources: Sources, subject: Subject) -> list[Check]:
    """Permissions are on the alias, for whom they are meant, and none is on $LATEST."""
    return [_on_latest(sources, subject), _on_live(sources, subject)]


def check_role(sources: Sources, subject: Subject) -> list[Check]:
    """The role is Lambda's alone, and may do what Terraform says and nothing more."""
    if not {"role_name", "policy_name", "policy"} <= set(subject.declared):
        return [warned("permissions.role", "Terraform's outputs do not say", subject.apply)]
    return [_trust(sources, subject), _policy(sources, subject), _beyond(sources, subject)]


def check_repository(sources: Sources, subject: Subject) -> list[Check]:
    """The repository's own policy lets Lambda pull, for this function."""
    name, repository = "permissions.repository", subject.environment.repository(subject.function)
    try:
        answer = sources.ecr.get_repository_policy(repositoryName=repository)
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryPolicyNotFoundException":
            raise
        return [failed(name, f"{repository} has no policy: Lambda cannot pull", subject.apply)]
    arn = str(subject.declared.get("arn", ""))
    if any(_lets_pull(item, arn) for item in statements.read(answer["policyText"])):
        return [passed(name, f"Lambda may pull from {repository} for this function")]
    return [failed(name, f"{repository} does not let Lambda pull for {arn}", subject.apply)]


def _lets_pull(item: statements.Statement, arn: str) -> bool:
    if _LAMBDA not in item.services or not item.actions >= _PULL:
        return False
    sources = item.conditions.get("aws:sourcearn", ())
    return not sources or any(fnmatchcase(arn, pattern) for pattern in sources)


def _resource_policy(
    sources: Sources, subject: Subject, **qualifier: str
) -> list[statements.Statement]:
    try:
        answer = sources.api.call("get_policy", FunctionName=subject.name, **qualifier)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []
    return [item for item in statements.read(answer["Policy"]) if item.allows]


def _on_latest(sources: Sources, subject: Subject) -> Check:
    name = "permissions.latest"
    found = _resource_policy(sources, subject)
    # The function's own policy; where the alias's statements are listed with it, these are fine.
    bare = [item for item in found if not all(r.endswith(f":{ALIAS}") for r in item.resources)]
    if bare:
        return failed(
            name,
            f"{_who(bare)} may call $LATEST, which passed no smoke event",
            f"give it the qualifier {ALIAS} where Terraform makes it, or take it off: "
            f"{_take_off(subject, bare)}",
        )
    return passed(name, "nobody has a permission on $LATEST")


def _on_live(sources: Sources, subject: Subject) -> Check:
    name = "permissions.live"
    found = _resource_policy(sources, subject, Qualifier=ALIAS)
    loose = [item for item in found if item.is_loose]
    if loose:
        return failed(
            name,
            f"{_who(loose)} may call {ALIAS} for any account: the statement names no source",
            "give it a source_arn where Terraform makes it, or take it off: "
            f"{_take_off(subject, loose)} --qualifier {ALIAS}",
        )
    wanted = set(subject.declared.get("invokers", ())) | ({_GATEWAY} if subject.routes else set())
    missing = sorted(wanted - {service for item in found for service in item.services})
    if missing:
        return failed(name, f"{', '.join(missing)} may not call {ALIAS}", subject.apply)
    return passed(name, f"on {ALIAS}: {_who(found)}")


def _take_off(subject: Subject, found: list[statements.Statement]) -> str:
    command = f"aws lambda remove-permission --function-name {subject.name}"
    return f"{command} --statement-id {' and '.join(sorted(item.sid for item in found))}"


def _who(found: list[statements.Statement]) -> str:
    return ", ".join(sorted({who for item in found for who in item.principals})) or "nobody"


def _trust(sources: Sources, subject: Subject) -> Check:
    name, role = "permissions.trust", subject.declared["role_name"]
    document = sources.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    who = {who for item in statements.read(document) if item.allows for who in item.principals}
    if who != {_LAMBDA}:
        found = ", ".join(sorted(who)) or "nobody"
        return failed(name, f"{role} is taken by {found}, not by Lambda alone", subject.apply)
    return passed(name, f"Lambda alone takes {role}")


def _policy(sources: Sources, subject: Subject) -> Check:
    name, declared = "permissions.role", subject.declared
    role, policy = declared["role_name"], declared["policy_name"]
    try:
        answer = sources.iam.get_role_policy(RoleName=role, PolicyName=policy)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return failed(name, f"{role} has no policy {policy}", subject.apply)
    found = _by_sid(answer["PolicyDocument"])
    wanted = _by_sid(declared["policy"])
    differing = sorted(sid for sid in {*found, *wanted} if found.get(sid) != wanted.get(sid))
    if differing:
        return failed(
            name, f"{role} differs from Terraform in {', '.join(differing)}", subject.apply
        )
    return passed(name, f"{role} may do what Terraform says: {', '.join(sorted(wanted))}")


def _by_sid(document: Any) -> dict[str, statements.Statement]:
    return {item.sid or json.dumps(item.raw): item for item in statements.read(document)}


def _beyond(sources: Sources, subject: Subject) -> Check:
    name, role = "permissions.beyond", subject.declared["role_name"]
    inline = sources.iam.list_role_policies(RoleName=role)["PolicyNames"]
    attached = sources.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    more = [policy for policy in inline if policy != subject.declared["policy_name"]]
    more += [policy["PolicyName"] for policy in attached]
    if more:
        return failed(
            name,
            f"{role} also has {', '.join(sorted(more))}, which Terraform does not know",
            "take it off the role, or write what it allows in the function's module block",
        )
    return passed(name, f"{role} has no other policy")
