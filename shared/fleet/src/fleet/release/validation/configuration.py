"""The live version's configuration, held against what Terraform says."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fleet.release.validation.checks import Check, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleet.release.validation.subject import Subject

# A check's name, Terraform's name of it, and where Lambda has it.
_PLAIN = (
    ("memory", "memory", ("MemorySize",)),
    ("timeout", "timeout", ("Timeout",)),
    ("ephemeral-storage", "ephemeral_storage", ("EphemeralStorage", "Size")),
    ("tracing", "tracing", ("TracingConfig", "Mode")),
    ("role", "role_arn", ("Role",)),
    ("log-group", "log_group", ("LoggingConfig", "LogGroup")),
)
# Terraform writes these in a string as escapes, and JSON elsewhere does not.
_ESCAPED = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def check(subject: Subject) -> list[Check]:
    """Memory, timeout, role, architecture, log group, VPC, environment and the like."""
    found = subject.configuration
    checks = [_compare(subject, name, key, _at(found, path)) for name, key, path in _PLAIN]
    architectures = found.get("Architectures") or ["x86_64"]
    checks.append(_compare(subject, "architecture", "architecture", architectures[0]))
    checks.append(_vpc(subject, found.get("VpcConfig") or {}))
    checks.append(_environment(subject, (found.get("Environment") or {}).get("Variables", {})))
    return checks


def _at(found: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = found
    for key in path:
        value = (value or {}).get(key)
    return value


def _compare(subject: Subject, what: str, key: str, found: Any) -> Check:
    name = f"configuration.{what}"
    if key not in subject.declared:
        return _unknown(subject, name)
    wanted = subject.declared[key]
    if found != wanted:
        return failed(name, f"it is {found}, and Terraform says {wanted}", subject.apply)
    return passed(name, str(found))


def _unknown(subject: Subject, name: str) -> Check:
    return warned(
        name, "Terraform's outputs do not say: an older checkout applied them", subject.apply
    )


def _vpc(subject: Subject, found: dict[str, Any]) -> Check:
    name = "configuration.vpc"
    if "vpc_config" not in subject.declared:
        return _unknown(subject, name)
    declared = subject.declared["vpc_config"] or {}
    there = _network(found.get("SubnetIds"), found.get("SecurityGroupIds"))
    wanted = _network(declared.get("subnet_ids"), declared.get("security_group_ids"))
    if there != wanted:
        return failed(name, f"it is {there}, and Terraform says {wanted}", subject.apply)
    return passed(name, there)


def _network(subnets: list[str] | None, groups: list[str] | None) -> str:
    if not subnets and not groups:
        return "in no VPC"
    return f"in {', '.join(sorted(subnets or []))} with {', '.join(sorted(groups or []))}"


def _environment(subject: Subject, found: dict[str, str]) -> Check:
    name = "configuration.environment"
    if "environment_names" not in subject.declared:
        return _unknown(subject, name)
    wanted = set(subject.declared["environment_names"])
    missing, more = sorted(wanted - set(found)), sorted(set(found) - wanted)
    if missing or more:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(more)} beyond Terraform's"] if more else []
        return failed(name, f"it {' and '.join(parts)}", subject.apply)
    if fingerprint(found) != subject.declared.get("environment_sha256"):
        return failed(name, "a variable's value is not Terraform's (not shown)", subject.apply)
    return passed(name, ", ".join(sorted(found)))


def fingerprint(variables: Mapping[str, str]) -> str:
    """SHA-256 of variables as Terraform's jsonencode writes them: values compared, never shown."""
    text = json.dumps(variables, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.translate(_ESCAPED).encode()).hexdigest()
