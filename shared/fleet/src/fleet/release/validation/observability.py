"""Whether the function's log is kept, and its alarms would be heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleet.release.validation.checks import Check, failed, passed, warned

if TYPE_CHECKING:
    from fleet.release.validation.subject import Sources, Subject


def check_log(sources: Sources, subject: Subject) -> list[Check]:
    """The log group exists, and keeps its lines as long as Terraform says."""
    name = "logs.group"
    group = subject.declared.get("log_group", f"/aws/lambda/{subject.name}")
    answer = sources.logs.describe_log_groups(logGroupNamePrefix=group)
    found = next((item for item in answer["logGroups"] if item["logGroupName"] == group), None)
    if found is None:
        lost = "the role may not make it, so what the function logs is lost"
        return [failed(name, f"{group} does not exist: {lost}", subject.apply)]
    kept, wanted = found.get("retentionInDays"), subject.declared.get("log_retention_days")
    if kept is None:
        return [failed(name, f"{group} keeps its lines for ever", subject.apply)]
    if wanted not in {None, kept}:
        text = f"{group} keeps its lines for {kept} days, and Terraform says {wanted}"
        return [failed(name, text, subject.apply)]
    return [passed(name, f"{group} keeps its lines for {kept} {'day' if kept == 1 else 'days'}")]


def check_alarms(sources: Sources, subject: Subject) -> list[Check]:
    """Each alarm exists, watches this function, and tells the environment's topic."""
    names = list(subject.declared.get("alarms", ()))
    if not names:
        return [failed("alarms.declared", "Terraform's outputs name no alarm", subject.apply)]
    answer = sources.cloudwatch.describe_alarms(AlarmNames=names)
    found = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    topic = str(sources.outputs.get("alarm_topic_arn", ""))
    return [_alarm(subject, name, found.get(name), topic) for name in names]


def _alarm(subject: Subject, full_name: str, alarm: dict[str, Any] | None, topic: str) -> Check:
    name = f"alarms.{full_name.removeprefix(f'{subject.name}-')}"
    if alarm is None:
        return failed(name, f"{full_name} does not exist", subject.apply)
    if not alarm.get("ActionsEnabled", True) or topic not in alarm.get("AlarmActions", ()):
        return failed(name, f"nobody hears it: it does not tell {topic}", subject.apply)
    watched = {item["Name"]: item["Value"] for item in alarm.get("Dimensions", ())}
    wanted = subject.declared.get("alarm_dimensions", {"FunctionName": subject.name})
    if watched != wanted:
        text = f"it watches {_shown(watched)}, and Terraform says {_shown(wanted)}"
        return failed(name, text, subject.apply)
    if alarm.get("StateValue") == "ALARM":
        return warned(
            name,
            f"it is firing: {alarm.get('StateReason', 'no reason given')}",
            f"`fleet logs --function {subject.function}`; a release is refused meanwhile, "
            "but for one with --fix-forward",
        )
    return passed(name, f"watches {_shown(watched)}, tells {topic.rpartition(':')[2]}")


def _shown(dimensions: dict[str, str]) -> str:
    return " ".join(sorted(dimensions.values())) or "nothing"
