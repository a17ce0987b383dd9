"""Alarms that go off on the local stack, and EventBridge, which does not hear of them there.

The local AWS moves an alarm to another state and hands no event to EventBridge, and like AWS it
refuses events of `aws.cloudwatch` that somebody else puts. So the event is made here from what
CloudWatch then says of the alarm, held against the rule's own pattern by EventBridge itself, and
handed to the rule's own targets as EventBridge does, asynchronously.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fleet.environments import Environment

REASON = "Threshold Crossed: 1 datapoint [3.0] was greater than or equal to the threshold (1.0)."


@dataclass(frozen=True)
class Alarms:
    """The alarms of one environment, and the rule that listens to them."""

    environment: Environment
    rule: str

    def set(self, name: str, state: str = "ALARM") -> dict[str, Any]:
        """Move an alarm to a state; return the event that AWS would make of it."""
        cloudwatch = self.environment.client("cloudwatch")
        (before,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=REASON)
        (after,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        assert after["StateValue"] == state
        return self._event(after, before["StateValue"])

    def _event(self, alarm: dict[str, Any], before: str) -> dict[str, Any]:
        # The local AWS keeps whole seconds.
        now = datetime.now(UTC)
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        metric = {"dimensions": dimensions, "name": alarm["MetricName"]}
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": "000000000000",
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.environment.region,
            "resources": [alarm["AlarmArn"]],
            "detail": {
                "alarmName": alarm["AlarmName"],
                "configuration": {"metrics": [{"metricStat": {"metric": metric}}]},
                "previousState": {"value": before, "timestamp": timestamp(now)},
                "state": {
                    "value": alarm["StateValue"],
                    "reason": alarm["StateReason"],
                    "timestamp": timestamp(now),
                },
            },
        }

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether the rule is on and its pattern is of this event."""
        events = self.environment.client("events")
        rule = events.describe_rule(Name=self.rule)
        answer = events.test_event_pattern(
            EventPattern=rule["EventPattern"], Event=json.dumps(event)
        )
        return bool(answer["Result"]) and rule["State"] == "ENABLED"

    def targets(self) -> list[str]:
        """The ARNs of what the rule starts."""
        found = self.environment.client("events").list_targets_by_rule(Rule=self.rule)["Targets"]
        return [target["Arn"] for target in found]

    def deliver(self, event: dict[str, Any]) -> None:
        """Hand an event that the rule matches to its targets."""
        assert self.matches(event)
        for arn in self.targets():
            self.environment.client("lambda").invoke(
                FunctionName=arn, InvocationType="Event", Payload=json.dumps(event).encode()
            )


def timestamp(moment: datetime) -> str:
    """A moment as CloudWatch writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
