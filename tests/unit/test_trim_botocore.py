"""botocore cut down for an image still does what the image needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.kit.program import ROOT
from tests.kit.scripted import Reply, serving

SCRIPT = ROOT / "images" / "trim_botocore.py"
SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "sts")
WANTED = """
[tool.lambda-image]
aws = { s3 = ["GetObject", "ListObjectsV2"], dynamodb = ["PutItem", "Query"] }
"""


def trim(project: str, packages: Path) -> subprocess.CompletedProcess[str]:
    manifest = packages.parent / "pyproject.toml"
    manifest.write_text(project)
    return subprocess.run(
        [sys.executable, "-B", str(SCRIPT), str(manifest), str(packages)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed botocore with five of its services, so that copying it is quick."""
    source = Path(botocore.__file__).parent
    packages = tmp_path_factory.mktemp("whole") / "packages"

    def others(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != source / "data":
            return [name for name in names if name == "__pycache__"]
        return [n for n in names if n not in SERVICES and (source / "data" / n).is_dir()]

    shutil.copytree(source, packages / "botocore", ignore=others)
    return packages


@pytest.fixture(scope="module")
def trimmed(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    packages = tmp_path_factory.mktemp("trimmed") / "packages"
    shutil.copytree(whole, packages)
    ended = trim(WANTED, packages)
    assert ended.returncode == 0, ended.stderr
    return packages


@pytest.fixture
def fresh(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "packages")
    return tmp_path / "packages"


def python(packages: Path, code: str, **variables: str) -> Any:
    prelude = """
        import json, botocore.session
        session = botocore.session.Session()
        def client(service):
            return session.create_client(service, region_name="eu-west-1",
                aws_access_key_id="x", aws_secret_access_key="x")
    """
    ended = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(prelude) + textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": str(packages)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_only_the_named_services_and_operations_stay(trimmed: Path) -> None:
    code = """
        names = {s: sorted(client(s).meta.method_to_api_mapping.values())
                 for s in session.get_available_services()}
        print(json.dumps([botocore.__file__, names]))
    """
    where, names = python(trimmed, code)
    assert where.startswith(str(trimmed))
    assert names == {
        # HeadBucket: how botocore follows a bucket to its region.
        "s3": ["GetObject", "HeadBucket", "ListObjectsV2"],
        # DescribeEndpoints: how botocore discovers endpoints.
        "dynamodb": ["DescribeEndpoints", "PutItem", "Query"],
    }


def test_it_is_a_fraction_of_its_size(whole: Path, trimmed: Path) -> None:
    def size(folder: Path) -> int:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    assert size(trimmed / "botocore" / "data" / "s3") < 200_000
    endpoints = (trimmed / "botocore" / "data" / "endpoints.json").stat().st_size
    assert endpoints < (whole / "botocore" / "data" / "endpoints.json").stat().st_size / 20


def test_regions_and_partitions_stay(whole: Path, trimmed: Path) -> None:
    code = """
        print(json.dumps([
            sorted(session.get_available_partitions()),
            sorted(session.get_available_regions("s3")),
            sorted(session.get_available_regions("dynamodb", "aws-cn")),
            session.get_partition_for_region("us-gov-west-1"),
            [client("s3").meta.endpoint_url, client("dynamodb").meta.endpoint_url],
        ]))
    """
    assert python(trimmed, code) == python(whole, code)


def test_paginators_and_waiters_of_kept_operations_stay(trimmed: Path) -> None:
    code = """
        s3, table = client("s3"), client("dynamodb")
        print(json.dumps([s3.can_paginate("list_objects_v2"), table.can_paginate("query"),
                          s3.waiter_names, table.waiter_names]))
    """
    assert python(trimmed, code) == [True, True, ["bucket_exists", "bucket_not_exists"], []]


def test_requests_and_answers_are_those_of_the_whole(whole: Path, trimmed: Path) -> None:
    code = """
        table = client("dynamodb")
        answer = table.query(TableName="t", KeyConditionExpression="pk = :k",
                             ExpressionAttributeValues={":k": {"S": "x"}, ":n": {"B": b"y"}})
        print(json.dumps([answer["Items"], answer["Count"]]))
    """
    reply = Reply.json({"Items": [{"pk": {"S": "x"}, "m": {"M": {"a": {"N": "1"}}}}], "Count": 1})
    seen = []
    for packages in (whole, trimmed):
        with serving() as server:
            server.script(reply)
            answer = python(packages, code, AWS_ENDPOINT_URL=server.url)
            seen.append((answer, server.requests[0].json(), server.requests[0].path))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        (
            'client("dynamodb").put_item(TableName="t", Item={"pk": {"S": "x"}})',
            Reply.json(
                {"__type": "x#ConditionalCheckFailedException", "Item": {"pk": {"S": "x"}}}, 400
            ),
        ),
        (
            'client("dynamodb").put_item(TableName="t", Item={"pk": {"S": "x"}})',
            Reply.json({"__type": "x#BackupInUseException", "message": "of a dropped one"}, 400),
        ),
        (
            'client("s3").get_object(Bucket="b", Key="k")',
            Reply(
                403,
                b"<Error><Code>InvalidObjectState</Code><StorageClass>GLACIER</StorageClass>"
                b"<AccessTier>x</AccessTier></Error>",
            ),
        ),
        (
            'client("s3").get_object(Bucket="b", Key="k")',
            Reply(404, b"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>"),
        ),
    ],
)
def test_errors_parse_as_before(whole: Path, trimmed: Path, call: str, reply: Reply) -> None:
    code = f"""
        try:
            {call}
        except Exception as error:
            response = {{k: v for k, v in error.response.items() if k != "ResponseMetadata"}}
            print(json.dumps([type(error).__name__, str(error), response]))
    """
    seen = []
    for packages in (whole, trimmed):
        with serving() as server:
            server.script(reply)
            seen.append(python(packages, code, AWS_ENDPOINT_URL=server.url))
    assert seen[0] == seen[1]


def test_documentation_is_gone_and_nobody_trips_over_it(trimmed: Path) -> None:
    code = """
        s3 = client("s3")
        import inspect
        texts = [inspect.getdoc(s3.get_object), str(s3.get_object.__doc__),
                 str(s3.get_paginator("list_objects_v2").paginate.__doc__),
                 str(s3.get_waiter("bucket_exists").wait.__doc__)]
        print(json.dumps(texts))
    """
    assert set(python(trimmed, code)) <= {"", None}
    assert sorted(path.name for path in (trimmed / "botocore" / "docs").iterdir()) == [
        "__init__.py",
        "docstring.py",
        "utils.py",
    ]
    model = next((trimmed / "botocore" / "data" / "s3").rglob("service-2.json")).read_text()
    assert model.count('"documentation":"') == model.count('"documentation":""')


def test_trimming_again_changes_nothing(trimmed: Path) -> None:
    def content() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in trimmed.rglob("*") if p.is_file()}

    before = content()
    assert trim(WANTED, trimmed).returncode == 0
    assert content() == before


def test_an_image_without_services_keeps_none(fresh: Path) -> None:
    assert trim("[tool.lambda-image]\naws = {}\n", fresh).returncode == 0
    assert not [path for path in (fresh / "botocore" / "data").iterdir() if path.is_dir()]
    assert python(fresh, "print(json.dumps(session.get_available_services()))") == []


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('{ s3 = ["GetObject", "FetchObject"] }', "s3 has no operation FetchObject"),
        ('{ s4 = ["GetObject"] }', "botocore has no service s4"),
        ('{ s3 = "GetObject" }', 'aws = { service = ["Operation"] }'),
        ("5", 'aws = { service = ["Operation"] }'),
    ],
)
def test_a_wrong_list_ends_the_build(fresh: Path, table: str, reason: str) -> None:
    ended = trim(f"[tool.lambda-image]\naws = {table}\n", fresh)
    assert ended.returncode == 1
    assert reason in ended.stderr


def test_a_botocore_that_does_not_work_any_more_ends_the_build(fresh: Path) -> None:
    (fresh / "botocore" / "waiter.py").write_text("from botocore.docs import method\n")
    ended = trim(WANTED, fresh)
    assert ended.returncode == 1
    assert "the trimmed botocore does not work" in ended.stderr


def test_an_image_without_botocore_needs_no_trimming(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    assert trim("[tool.lambda-image]\naws = {}\n", tmp_path / "packages").returncode == 0


def test_services_without_botocore_end_the_build(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    ended = trim(WANTED, tmp_path / "packages")
    assert ended.returncode == 1
    assert "function-kit[aws]" in ended.stderr


@pytest.mark.parametrize(
    "manifest",
    sorted((ROOT / "images").glob("*/pyproject.toml")),
    ids=lambda path: path.parent.name,
)
def test_the_images_name_operations_that_there_are(manifest: Path) -> None:
    session = botocore.session.Session()
    table = tomllib.loads(manifest.read_text())["tool"]["lambda-image"]["aws"]
    for service, operations in table.items():
        assert set(operations) <= set(session.get_service_model(service).operation_names)
