"""One API as an OpenAPI 3.1 document: every deployed route, and no other.

OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final

from api_docs_generator import security
from api_docs_generator.components import Components
from api_docs_generator.descriptions import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api_docs_generator.descriptions import Description
    from api_docs_generator.gateway import Api, Route

type Json = dict[str, Any]

OPENAPI: Final = "3.1.0"
DEFAULT: Final = "$default"
ANY_METHOD: Final = "x-amazon-apigateway-any-method"
WARNING: Final = "x-warning"
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_PARAMETER = re.compile(r"\{([^{}+]+)\+?\}")
_ERROR_BODY: Final = "ErrorBody"
_JSON: Final = "application/json"
_OTHERS: Final = "Requests that no operation below is for are taken too, by the route `$default`."
_SIGNING: Final = """\
Requests to operations with a lock are signed with AWS Signature Version 4, which a browser cannot
do. On the command line:

    curl --aws-sigv4 "aws:amz:{region}:execute-api" \\
      --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
      --header "x-amz-security-token: $AWS_SESSION_TOKEN" {endpoint}/…
"""


@dataclass
class Assembly:
    """A document in the making.

    Attributes:
        api: What is deployed.
        descriptions: By the ARN of each function, what it says; None where it says nothing.
        prefix: What functions' names begin with, which is left out.
        region: Where the API is.
    """

    api: Api
    descriptions: Mapping[str, Description | None]
    prefix: str
    region: str
    warnings: list[str] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Collect the functions' schemas."""
        schemas = {self._short(a): d.schemas for a, d in self.descriptions.items() if d}
        self._components = Components(schemas, {security.MESSAGE: security.MESSAGE_SCHEMA})

    def document(self) -> Json:
        """The document."""
        paths: dict[str, Json] = {}
        deployed = {route.key for route in self.api.routes}
        schemes = {}
        tags: dict[str, None] = {}
        for route in self.api.routes:
            for path, method in _places(route, deployed):
                operation = self._operation(route, method)
                paths.setdefault(path, {})[method] = operation
                if method != ANY_METHOD:  # which viewers do not show
                    tags |= dict.fromkeys(operation["tags"])
            if found := security.scheme(route):
                schemes[found[0]] = found[1]
        components: Json = {"schemas": self._components.all()}
        if schemes:
            components["securitySchemes"] = schemes
        return {
            "openapi": OPENAPI,
            "info": self._info(schemes),
            "servers": [{"url": self.api.endpoint}],
            "tags": [{"name": name} for name in tags],
            "paths": paths,
            "components": components,
        }

    def _info(self, schemes: Json) -> Json:
        texts = [self.api.description]
        if any(route.key == DEFAULT for route in self.api.routes):
            texts.append(_OTHERS)
        if security.SIGV4 in schemes:
            texts.append(_SIGNING.format(region=self.region, endpoint=self.api.endpoint))
        info: Json = {"title": self.api.name, "version": self.api.version or "1"}
        description = "\n\n".join(filter(None, texts))
        return info | ({"description": description} if description else {})

    def _operation(self, route: Route, method: str) -> Json:
        description = self.descriptions.get(route.function) if route.function else None
        told = description.operations.get(route.key) if description else None
        owner = self._short(route.function) if route.function else ""
        operation = self._components.adopt(owner, told) if told else self._undescribed(route)
        warning = self._warning(route, description, told)
        if warning:
            self.warnings.append(f"{route.key}: {warning}")
            operation[WARNING] = warning
            text = operation.get("description", "")
            operation["description"] = f"**{warning}**\n\n{text}".strip()
        operation["operationId"] = self._unique(operation["operationId"], method)
        operation["security"] = security.requirement(route)
        self._add_gateway(operation["responses"], route, owner)
        return operation

    def _undescribed(self, route: Route) -> Json:
        operation: Json = {
            "operationId": _identifier(route.key),
            "summary": route.key,
            "tags": ["not described"],
            "responses": {"default": {"description": "Not described."}},
        }
        names = _PARAMETER.findall(route.key)
        if names:
            text = {"type": "string"}
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": text} for name in names
            ]
        return operation

    def _warning(self, route: Route, description: Description | None, told: Json | None) -> str:
        if route.function is None:
            return "No function is behind this route, so nothing describes it."
        short = self._short(route.function)
        if description is None:
            return f"The function {short} could not be asked to describe this route."
        if told is None:
            return f"The function {short} does not describe this route."
        if description.stale:
            return (
                f"The function {short} could not be asked again: "
                f"this is what it said at {description.described_at}."
            )
        return ""

    def _add_gateway(self, responses: Json, route: Route, owner: str) -> None:
        """Add what API Gateway answers to what the function does."""
        described = "default" not in responses
        for number, text in security.answers(route):
            own = responses.get(str(number))
            if own is None and described and number == 500:  # noqa: PLR2004 - HTTP's
                own = self._failure(owner)
            responses[str(number)] = _either(own, text, HTTPStatus(number).phrase)

    def _failure(self, owner: str) -> Json | None:
        """The kit's own answer where a function's code fails."""
        if not self._components.has(owner, _ERROR_BODY):
            return None
        reference = {"$ref": f"#/components/schemas/{_ERROR_BODY}"}
        schema = self._components.adopt(owner, reference)
        return {"description": "", "content": {_JSON: {"schema": schema}}}

    def _unique(self, wanted: str, method: str) -> str:
        numbered = (f"{wanted}_{number}" for number in count(2))
        names = chain((wanted, f"{wanted}_{method.lower()}"), numbered)
        found = next(name for name in names if name not in self._ids)
        self._ids.add(found)
        return found

    def _short(self, arn: str) -> str:
        return name_of(arn).removeprefix(self.prefix)


def _places(route: Route, deployed: set[str]) -> Iterator[tuple[str, str]]:
    """Where a route stands in a document: path and method.

    `ANY` is every method that has no route of its own. `$default` is what no path leads to; it
    is written as API Gateway exports it.
    """
    if route.key == DEFAULT:
        yield f"/{DEFAULT}", ANY_METHOD
        return
    method, _, template = route.key.partition(" ")
    path = _PARAMETER.sub(r"{\1}", template)
    if method != "ANY":
        yield path, method.lower()
        return
    for name in METHODS:
        if f"{name.upper()} {template}" not in deployed:
            yield path, name


def _identifier(key: str) -> str:
    """`GET /a/{b}` as getAB."""
    words: list[str] = re.findall(r"[A-Za-z0-9]+", key)
    return words[0].lower() + "".join(word[:1].upper() + word[1:] for word in words[1:])


def _either(own: Json | None, text: str, phrase: str) -> Json:
    """A response that is the function's own, or API Gateway's, whose message is HTTP's phrase."""
    message = {"$ref": f"#/components/schemas/{security.MESSAGE}"}
    if own is None:
        content = {"schema": message, "example": {"message": phrase}}
        return {"description": text, "content": {_JSON: content}}
    content = own.get("content", {})
    schema = content.get(_JSON, {}).get("schema")
    both = {"schema": {"anyOf": [schema, message]} if schema else message}
    content = content | {_JSON: content.get(_JSON, {}) | both}
    return own | {"description": own["description"] or text, "content": content}
