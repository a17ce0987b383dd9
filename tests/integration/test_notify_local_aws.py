"""Notifications by a topic of a local AWS, as a subscriber gets them."""

from __future__ import annotations

import json

from fleet.environments import Environment
from fleet.release.notify import Notifier

from tests.kit import reports


def test_a_subscriber_of_the_alarm_topic_is_told(aws_endpoint: str) -> None:
    place = Environment("local", "told", "eu-west-1", "x86_64", aws_endpoint, releases=True)
    notifier = Notifier.of(place)
    (note,) = notifier.finished(reports.canary())
    assert note == "the notification by SNS could not be sent: NotFound"
    topic = place.client("sns").create_topic(Name="told-local-alarms")["TopicArn"]
    queues = place.client("sqs")
    queue = queues.create_queue(QueueName="told")["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    place.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert Notifier.of(place).finished(reports.canary()) == []
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"].startswith("Release of 8a31c07be2f4 to staging: 1 put back")
    assert "device-registry: put back" in told["Message"]
