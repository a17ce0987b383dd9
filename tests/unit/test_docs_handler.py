"""api-docs-generator from outside, against a small AWS that answers as the test says."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from function_kit.expectations import unmet
from function_kit.handler import SmokeFailed
from function_kit.settings import ConfigurationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.kit import docs
from tests.kit.docs import API, CLOCK, PREFIX, TREATMENTS, asset, body, document, request
from tests.kit.program import ROOT
from tests.kit.scripted import Reply, Request
from tests.kit.small_aws import Failure, Function, SmallAws, error, serving_aws

EVENTS = sorted((ROOT / "images" / "api-docs-generator" / "events").glob("*.json"))
CLOCK_NAME = f"{PREFIX}-sync-clock"
OPENAPI = "GET /openapi.json"
# Of swagger-ui-dist 5.34.0 on npm. Of another version, compare the new ones with npm's.
PUBLISHED = {
    "css/swagger-ui.css": "c3cfe8248c4b",
    "js/swagger-ui-bundle.js": "3f6abf70480d",
}


@pytest.fixture
def aws() -> SmallAws:
    return docs.small_aws()


@pytest.fixture
def handler(aws: SmallAws) -> Iterator[Any]:
    with docs.handler(aws) as handle:
        yield handle


def denied(part: str) -> Any:
    """Refuses requests whose address has this in it."""

    def refuse(asked: Request) -> Reply | None:
        return error("AccessDeniedException", 403) if part in asked.path else None

    return refuse


def asked_to_describe(aws: SmallAws) -> int:
    return len(aws.asked("/invocations"))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_sample_events_are_answered_as_they_expect(handler: Any, path: Path) -> None:
    sample = json.loads(path.read_text())
    assert unmet(handler(sample["event"]), sample["expect"]) is None


def test_the_document_has_every_route_and_is_valid(handler: Any) -> None:
    answer = handler(request(OPENAPI))
    found = document(answer)
    OpenAPIV31SpecValidator(found).validate()
    listed = {f"{m.upper()} {path}" for path, item in found["paths"].items() for m in item}
    own = {key.replace("+}", "}") for key in docs.OWN_ROUTES}
    assert listed == {"POST /ppu/treatments", "GET /clock", *own}
    assert not re.search(r"x-warning|not described", json.dumps(found))
    assert found["paths"]["/docs"]["get"]["security"] == []
    assert found["paths"]["/clock"]["get"]["security"] == [{"sigv4": []}]


def test_lists_of_several_pages_are_read_whole(handler: Any, aws: SmallAws) -> None:
    handler(request(OPENAPI))
    assert len(aws.asked("/routes?")) == 3
    assert aws.page == 2


def test_the_generator_describes_itself_without_invoking_itself(
    handler: Any, aws: SmallAws
) -> None:
    found = document(handler(request(OPENAPI)))
    assert found["paths"]["/docs"]["get"]["operationId"] == "getDocs"
    assert aws.asked("api-docs-generator") == []


def test_an_unchanged_document_is_not_sent_again(handler: Any) -> None:
    first = handler(request(OPENAPI))
    etag = first["headers"]["etag"]
    assert first["headers"]["cache-control"] == "no-cache"
    for known in (etag, f'"x", {etag}', "*", etag.removeprefix("W/")):
        again = handler(request(OPENAPI, if_none_match=known))
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["etag"] == etag
    assert handler(request(OPENAPI, if_none_match='W/"other"'))["statusCode"] == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip, deflate, br", True), ("*", True), ("br;q=1, gzip;q=0", False), ("", False)],
)
def test_callers_that_take_gzip_get_it(handler: Any, accepted: str, packed: bool) -> None:
    answer = handler(request(OPENAPI, accept_encoding=accepted))
    assert ("content-encoding" in answer["headers"]) is packed
    assert answer["headers"]["vary"] == "accept-encoding"
    assert document(answer)["openapi"] == "3.1.0"


def test_another_name_of_the_api_is_where_it_is_tried_first(handler: Any) -> None:
    event = request(OPENAPI)
    event["requestContext"]["domainName"] = "api.example.com"
    urls = [server["url"] for server in document(handler(event))["servers"]]
    assert urls == ["./", docs.ENDPOINT]
    assert [s["url"] for s in document(handler(request(OPENAPI)))["servers"]] == [docs.ENDPOINT]


class TestFreshness:
    """When the functions are asked, and what is shown when they do not answer."""

    def test_within_its_time_a_document_is_served_from_memory(
        self, handler: Any, aws: SmallAws
    ) -> None:
        handler(request(OPENAPI))
        before = len(aws.requests)
        handler(request(OPENAPI))
        handler(request("GET /docs"))
        assert len(aws.requests) == before

    def test_later_only_functions_whose_alias_changed_are_asked(self, aws: SmallAws) -> None:
        with docs.handler(aws, REFRESH_SECONDS="0") as handle:
            handle(request(OPENAPI))
            assert asked_to_describe(aws) == 2
            handle(request(OPENAPI))
            assert asked_to_describe(aws) == 2
            changed = docs.Operation(
                route="GET /clock", id="tellTime", summary="x", tag="t", answers=CLOCK.answers
            )
            aws.functions[CLOCK_NAME] = Function(docs.describing(changed), "2", "r2")
            found = document(handle(request(OPENAPI)))
        assert found["paths"]["/clock"]["get"]["operationId"] == "tellTime"
        assert asked_to_describe(aws) == 3

    def test_a_route_that_is_taken_away_is_gone(self, aws: SmallAws) -> None:
        with docs.handler(aws, REFRESH_SECONDS="0") as handle:
            handle(request(OPENAPI))
            aws.apis[API]["routes"].pop(1)
            assert "/clock" not in document(handle(request(OPENAPI)))["paths"]

    def test_a_new_environment_asks_nobody_who_has_not_changed(self, aws: SmallAws) -> None:
        with docs.handler(aws) as handle:
            first = body(handle(request(OPENAPI)))
        with docs.handler(aws) as handle:
            assert body(handle(request(OPENAPI))) == first
        assert asked_to_describe(aws) == 2

    def test_the_other_version_of_a_canary_is_not_kept(self, aws: SmallAws) -> None:
        canary = Reply.json(
            docs.describing(CLOCK)({"describe": "openapi"}), **{"x-amz-executed-version": "9"}
        )
        aws.functions[CLOCK_NAME].answer = lambda _: canary
        with docs.handler(aws, REFRESH_SECONDS="0") as handle:
            handle(request(OPENAPI))
            handle(request(OPENAPI))
        assert len(aws.asked(f"{CLOCK_NAME}:live/invocations")) == 2

    @pytest.mark.parametrize("qualifier", ["", ":7"])
    def test_a_route_may_lead_to_a_version_or_to_none(self, aws: SmallAws, qualifier: str) -> None:
        uri = docs.arn("sync-clock", qualifier)
        for integration in aws.apis[API]["integrations"]:
            if "sync-clock" in integration["integrationUri"]:
                integration["integrationUri"] = uri
        aws.functions["7"] = Function(docs.describing(CLOCK), "7")
        with docs.handler(aws, REFRESH_SECONDS="0") as handle:
            handle(request(OPENAPI))
            found = document(handle(request(OPENAPI)))
        assert found["paths"]["/clock"]["get"]["summary"] == "The time"
        # A version stays what it is; what $LATEST is, nobody says.
        assert len(aws.asked(f"sync-clock{qualifier}/invocations")) == (1 if qualifier else 2)

    @pytest.mark.parametrize(
        "answer",
        [
            Failure("no database"),
            {"statusCode": 400},
            {"openapi": {"operations": {}}},
            ["a list"],
            error("AccessDeniedException", 403),
            Reply(drop=True),
        ],
    )
    def test_a_function_that_cannot_be_asked_is_shown_as_it_was(
        self, aws: SmallAws, answer: Any
    ) -> None:
        with docs.handler(aws) as handle:
            handle(request(OPENAPI))
        aws.functions[CLOCK_NAME] = Function(lambda _: answer, "2", "r2")
        with docs.handler(aws) as handle:
            found = document(handle(request(OPENAPI)))["paths"]["/clock"]["get"]
        assert found["summary"] == "The time"
        assert "The function sync-clock could not be asked again" in found["x-warning"]

    def test_one_that_never_answered_is_listed_and_said(self, aws: SmallAws) -> None:
        aws.functions[CLOCK_NAME].answer = lambda _: Failure("no database")
        with docs.handler(aws) as handle:
            paths = document(handle(request(OPENAPI)))["paths"]
        assert "could not be asked to describe" in paths["/clock"]["get"]["x-warning"]
        assert "x-warning" not in paths["/ppu/treatments"]["post"]

    def test_a_gateway_that_cannot_be_read_leaves_the_last_document(self, aws: SmallAws) -> None:
        with docs.handler(aws, REFRESH_SECONDS="0") as handle:
            first = document(handle(request(OPENAPI)))
            aws.refuse = denied("/v2/apis/")
            assert document(handle(request(OPENAPI))) == first
        with docs.handler(aws) as handle:
            kept = document(handle(request(OPENAPI)))
        assert kept["info"].pop("x-warning").startswith("API Gateway could not be read")
        assert kept == first

    def test_without_any_document_it_says_so(self, aws: SmallAws) -> None:
        aws.refuse = denied("/v2/apis/")
        with docs.handler(aws) as handle:
            for key in (OPENAPI, "GET /docs"):
                answer = handle(request(key))
                assert answer["statusCode"] == 503
                assert document(answer)["error"]["code"] == "documentation_unavailable"

    @pytest.mark.parametrize("spoiled", [b"{", b'{"other": 1}', b""])
    def test_what_is_spoiled_in_the_bucket_is_asked_for_again(
        self, aws: SmallAws, spoiled: bytes
    ) -> None:
        aws.objects[f"/docs/descriptions/{CLOCK_NAME}.json"] = spoiled
        with docs.handler(aws) as handle:
            found = document(handle(request(OPENAPI)))["paths"]["/clock"]["get"]
        assert found["summary"] == "The time"

    def test_a_bucket_that_is_away_costs_nothing_but_time(self, aws: SmallAws) -> None:
        aws.refuse = denied("/docs/")
        with docs.handler(aws) as handle:
            assert document(handle(request(OPENAPI)))["paths"]["/clock"]["get"]["summary"]


class TestPage:
    """`GET /docs`."""

    def test_everything_it_asks_for_is_there_and_kept_for_a_year(self, handler: Any) -> None:
        page = body(handler(request("GET /docs"))).decode()
        names = re.findall(r'(?:src|href)="docs/([^"]+)"', page)
        assert len(names) == 5
        for name in names:
            answer = handler(asset(name, accept_encoding="gzip"))
            assert answer["statusCode"] == 200
            assert answer["headers"]["cache-control"] == "public, max-age=31536000, immutable"
            assert len(answer["body"]) < 1_500_000
            assert handler(asset(name, if_none_match=answer["headers"]["etag"]))["body"] == ""

    def test_it_has_no_script_of_its_own_and_a_policy_that_allows_none(self, handler: Any) -> None:
        answer = handler(request("GET /docs"))
        page = body(answer).decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert "style=" not in page
        policy = answer["headers"]["content-security-policy"]
        assert "script-src 'self';" in policy
        assert f"connect-src 'self' {docs.ENDPOINT};" in policy
        assert "unsafe" not in policy

    @pytest.mark.parametrize("name", ["none.js", "../settings.py", "", "swagger-ui.css"])
    def test_a_file_that_it_does_not_have_is_a_404(self, handler: Any, name: str) -> None:
        answer = handler(asset(name))
        assert answer["statusCode"] == 404
        assert document(answer)["error"]["code"] == "not_found"

    def test_names_are_texts(self, aws: SmallAws) -> None:
        aws.apis[API]["api"]["name"] = "<img src=x>"
        with docs.handler(aws) as handle:
            assert "<img" not in body(handle(request("GET /docs"))).decode()

    def test_the_viewer_is_the_published_one(self) -> None:
        viewer = importlib.import_module("api_docs_generator.viewer")
        for name, digest in PUBLISHED.items():
            content = (viewer._swagger_files() / name).read_bytes()
            assert hashlib.sha256(content).hexdigest()[:12] == digest


class TestSeveralApis:
    """Two APIs, each with a document and a page of its own."""

    @pytest.fixture
    def handler(self, aws: SmallAws) -> Iterator[Any]:
        aws.apis["z9y8"] = docs.api(
            docs.route("GET /clock", "sync-clock"), name="messages", api_id="z9y8"
        )
        with docs.handler(aws, API_IDS=f"{API}, z9y8") as handle:
            yield handle

    @pytest.mark.parametrize("wanted", ["messages", "z9y8"])
    def test_one_is_chosen_by_its_id_or_name(self, handler: Any, wanted: str) -> None:
        found = document(handler(request(OPENAPI, {"api": wanted})))
        assert (found["info"]["title"], list(found["paths"])) == ("messages", ["/clock"])

    def test_the_first_is_shown_by_default(self, handler: Any) -> None:
        assert document(handler(request(OPENAPI)))["info"]["title"] == "devices"

    def test_pages_lead_to_each_other(self, handler: Any) -> None:
        page = body(handler(request("GET /docs", {"api": "messages"}))).decode()
        assert '<a href="docs?api=z9y8" aria-current="page">messages</a>' in page
        assert f'<a href="docs?api={API}">devices</a>' in page
        assert 'data-url="openapi.json?api=z9y8"' in page

    def test_one_that_cannot_be_read_does_not_hide_the_other(
        self, handler: Any, aws: SmallAws
    ) -> None:
        aws.refuse = denied("/v2/apis/z9y8")
        assert handler(request(OPENAPI))["statusCode"] == 200
        assert handler(request(OPENAPI, {"api": "z9y8"}))["statusCode"] == 404


class TestDirectly:
    """`{"format": …}`."""

    def test_documents_go_to_the_bucket(self, handler: Any, aws: SmallAws) -> None:
        answer = handler({"format": "openapi"})
        (written,) = answer["documents"]
        assert written == {
            "api": "devices",
            "key": f"{API}/openapi.json",
            "operations": 5,
            "warnings": [],
        }
        assert json.loads(aws.objects[f"/docs/{API}/openapi.json"]) == answer["openapi"]

    def test_it_looks_again_whatever_the_documents_age(self, handler: Any, aws: SmallAws) -> None:
        handler(request(OPENAPI))
        aws.apis[API]["routes"].append(docs.route("GET /new", "sync-clock"))
        answer = handler({"format": "openapi"})
        assert "/new" in answer["openapi"]["paths"]
        assert answer["documents"][0]["warnings"] == [
            "GET /new: The function sync-clock does not describe this route."
        ]

    def test_a_page_is_one_file_that_asks_nobody(self, handler: Any, aws: SmallAws) -> None:
        assert "openapi" not in handler({"format": "html"})
        page = aws.objects[f"/docs/{API}/index.html"].decode()
        assert aws.content_types[f"/docs/{API}/index.html"] == "text/html; charset=utf-8"
        assert re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="', page) == []
        assert "insertTreatments" in page

    @pytest.mark.parametrize(
        ("event", "status"),
        [
            ({"format": "pdf"}, 400),
            ({}, 400),
            ({"format": "openapi", "bucket": "other"}, 400),
            ({"format": "openapi", "api": "none"}, 404),
        ],
    )
    def test_what_it_does_not_know_is_refused(
        self, handler: Any, aws: SmallAws, event: Any, status: int
    ) -> None:
        answer = handler(event)
        assert answer["statusCode"] == status
        assert document(answer)["error"]["message"]

    def test_a_bucket_that_refuses_is_an_error(self, handler: Any, aws: SmallAws) -> None:
        aws.refuse = denied("index.html")
        assert handler({"format": "html"})["statusCode"] == 500


class TestSmoke:
    """`{"test": true}`: every permission is used and no function runs."""

    def test_every_permission_is_used(self, handler: Any, aws: SmallAws) -> None:
        answer = handler({"test": True})
        assert set(answer["checks"]) == {"apis", "functions", "bucket", "viewer"}
        invoked = aws.asked("/invocations")
        assert {r.headers["x-amz-invocation-type"] for r in invoked} == {"DryRun"}
        assert len(invoked) == 2

    @pytest.mark.parametrize(
        ("part", "check"),
        [
            ("/v2/apis/", "apis"),
            ("/aliases/", "functions"),
            ("/invocations", "functions"),
            ("smoke-test/nothing", "bucket"),
            ("smoke-test/written", "bucket"),
        ],
    )
    def test_what_is_not_allowed_is_named(
        self, handler: Any, aws: SmallAws, part: str, check: str
    ) -> None:
        aws.refuse = denied(part)
        with pytest.raises(SmokeFailed, match=check):
            handler({"test": True})

    def test_a_missing_file_of_the_page_is_named(
        self, handler: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        viewer = importlib.import_module("api_docs_generator.viewer")
        viewer.assets.cache_clear()
        monkeypatch.setattr(viewer, "_SWAGGER", "not_installed")
        with pytest.raises(SmokeFailed, match="viewer"):
            handler({"test": True})


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_IDS", ""), ("API_IDS", "Not-An-Id"), ("DOCS_BUCKET", ""), ("REFRESH_SECONDS", "-1")],
)
def test_a_bad_variable_fails_the_start(aws: SmallAws, name: str, value: str) -> None:
    module = importlib.import_module("api_docs_generator.handler")
    with (
        serving_aws(aws, **docs.VARIABLES | {name: value}),
        pytest.raises(ConfigurationError, match=name),
    ):
        importlib.reload(module)


def test_it_describes_its_own_routes_when_asked(handler: Any) -> None:
    said = handler({"describe": "openapi"})["openapi"]
    assert set(said["operations"]) == set(docs.OWN_ROUTES)
    assert TREATMENTS.route not in said["operations"]
