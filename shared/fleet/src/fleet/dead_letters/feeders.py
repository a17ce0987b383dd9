"""What sends to dead letter queues other than queues: for people, who look where to mend it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet.environments import Environment
    from fleet.project import Project
    from fleet.release.runner import Runner

type Feeding = Iterator[tuple[str, str]]

_ALIAS: Final = "live"


class Feeders:
    """Functions, schedules, rules and subscriptions of one environment."""

    def __init__(self, project: Project, environment: Environment, runner: Runner) -> None:
        self._functions = project.functions
        self._environment = environment
        self._prefix = environment.function_name("")
        self._runner = runner

    def by_queue(self) -> tuple[dict[str, list[str]], list[str]]:
        """The senders by their queue's ARN, and notes about what could not be asked."""
        looks = (self._of_functions, self._of_schedules, self._of_rules, self._of_subscriptions)
        notes: list[str] = []
        found: dict[str, list[str]] = defaultdict(list)
        for pairs, note in self._runner.map(_asked, looks, len(looks)):
            notes += [note] if note else []
            for queue, sender in pairs:
                found[queue].append(sender)
        return {queue: sorted(set(senders)) for queue, senders in found.items()}, notes

    def _of_functions(self) -> Feeding:
        """Events that a function failed on, and positions in the streams that it reads."""
        functions = self._environment.client("lambda")
        for function in self._functions:
            name = self._environment.function_name(function)
            try:
                found = functions.get_function_event_invoke_config(
                    FunctionName=name, Qualifier=_ALIAS
                )
            except functions.exceptions.ResourceNotFoundException:
                continue
            if queue := _on_failure(found):
                yield queue, f"{function} (asynchronous calls)"
        mappings = functions.get_paginator("list_event_source_mappings").paginate()
        for mapping in (m for page in mappings for m in page["EventSourceMappings"]):
            function = mapping["FunctionArn"].partition(":function:")[2].partition(":")[0]
            if (queue := _on_failure(mapping)) and function.startswith(self._prefix):
                yield queue, f"{function.removeprefix(self._prefix)} (stream)"

    def _of_schedules(self) -> Feeding:
        """One schedule stands for its group: all of a group share what happens to failures."""
        scheduler = self._environment.client("scheduler")
        groups = scheduler.list_schedule_groups(NamePrefix=self._prefix)["ScheduleGroups"]
        for group in (group["Name"] for group in groups):
            some = scheduler.list_schedules(GroupName=group, MaxResults=1)["Schedules"]
            for schedule in some:
                whole = scheduler.get_schedule(GroupName=group, Name=schedule["Name"])
                if queue := whole["Target"].get("DeadLetterConfig", {}).get("Arn"):
                    yield queue, f"{group.removeprefix(self._prefix)} (schedules)"

    def _of_rules(self) -> Feeding:
        events = self._environment.client("events")
        for rule in events.list_rules(NamePrefix=self._prefix)["Rules"]:
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                if queue := target.get("DeadLetterConfig", {}).get("Arn"):
                    yield queue, f"{rule['Name'].removeprefix(self._prefix)} (rule)"

    def _of_subscriptions(self) -> Feeding:
        topics = self._environment.client("sns")
        pages = topics.get_paginator("list_subscriptions").paginate()
        for found in (s for page in pages for s in page["Subscriptions"]):
            name = found["TopicArn"].rpartition(":")[2]
            if not (name.startswith(self._prefix) and found["SubscriptionArn"].count(":") > 1):
                continue
            asked = topics.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])
            policy = json.loads(asked["Attributes"].get("RedrivePolicy") or "{}")
            if queue := policy.get("deadLetterTargetArn"):
                yield queue, f"{name.removeprefix(self._prefix)} (topic)"


def _asked(look: Callable[[], Feeding]) -> tuple[list[tuple[str, str]], str]:
    """What one look finds, or why it found nothing: a missing permission hides only its part."""
    try:
        return list(look()), ""
    except ClientError as error:
        what = look.__name__.removeprefix("_of_")
        return [], f"{what} were not asked: {error.response['Error'].get('Code', 'unknown')}"


def _on_failure(config: dict[str, Any]) -> str | None:
    destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return destination if destination and ":sqs:" in destination else None
