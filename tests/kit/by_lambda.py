"""What Lambda does with a function's role, and not the function's own code."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kit.policies import Role

type Call = tuple[str, Callable[[], Any]]
# Network interfaces have no ARN before they exist, and listing functions knows none at all: the
# statements whose resource is *.
EVERYWHERE = {"ManageNetworkInterfaces", "WithoutResource"}


def calls(role: Role, client: Callable[[str], Any]) -> Iterator[Call]:
    """Each call that the function's configuration makes Lambda make, with what IAM calls it.

    Args:
        role: the function's.
        client: makes a client of a service, for whoever shall try the calls.
    """
    yield from _log(role, client("logs"))
    for queue in role.queues:
        yield from _polling(queue, client("sqs"))
    if role.failure_queue:
        yield from _failed_event(role, client("sqs"))
    if role.subnets:
        yield from _network(role, client("ec2"))


def _log(role: Role, client: Any) -> Iterator[Call]:
    stream = {"logGroupName": role.log_group, "logStreamName": f"test-{secrets.token_hex(4)}"}
    event = {"timestamp": int(time.time() * 1000), "message": "test"}
    yield "logs:CreateLogStream", lambda: client.create_log_stream(**stream)
    yield "logs:PutLogEvents", lambda: client.put_log_events(**stream, logEvents=[event])


def _polling(queue: str, client: Any) -> Iterator[Call]:
    """What reads a queue for the function. Receives nothing, so that nothing is late for it."""
    yield "sqs:GetQueueAttributes", lambda: client.get_queue_attributes(QueueUrl=queue)
    yield "sqs:ReceiveMessage", lambda: client.receive_message(QueueUrl=queue, VisibilityTimeout=0)


def _failed_event(role: Role, client: Any) -> Iterator[Call]:
    name = role.failure_queue.rpartition(":")[2]
    url = role.environment.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    yield "sqs:SendMessage", lambda: client.send_message(QueueUrl=url, MessageBody="{}")
    # Nobody shall be alarmed by it.
    role.environment.client("sqs").purge_queue(QueueUrl=url)


def _network(role: Role, client: Any) -> Iterator[Call]:
    made: list[str] = []

    def make() -> None:
        interface = client.create_network_interface(SubnetId=role.subnets[0])
        made.append(interface["NetworkInterface"]["NetworkInterfaceId"])

    yield "ec2:DescribeSubnets", lambda: client.describe_subnets(SubnetIds=role.subnets)
    yield "ec2:CreateNetworkInterface", make
    yield (
        "ec2:DescribeNetworkInterfaces",
        lambda: client.describe_network_interfaces(NetworkInterfaceIds=made),
    )
    yield (
        "ec2:DeleteNetworkInterface",
        lambda: client.delete_network_interface(NetworkInterfaceId=made.pop()),
    )
