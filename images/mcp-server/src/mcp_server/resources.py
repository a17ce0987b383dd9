"""What can be read by URI: three overviews, and the artefacts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mcp_types import ReadResourceResult, Resource, ResourceTemplate, TextResourceContents

from mcp_server import artifacts
from mcp_server.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_server.artifacts import Artifact
    from mcp_server.lake import Lake

JSON: Final = "application/json"
_PLAYERS: Final = "basketball://player-stats"
_TEAMS: Final = "basketball://team-stats"
_SCHEMA: Final = "basketball://data-schema"

_OVERVIEWS: Final = (
    Resource(
        uri=_SCHEMA,
        name="data-schema",
        title="Schema of the artefacts",
        description="Every field of the artefacts, as JSON Schema.",
        mime_type=JSON,
    ),
    Resource(
        uri=_PLAYERS,
        name="player-stats",
        title="Players",
        description="Every player with the seasons that there are statistics of.",
        mime_type=JSON,
    ),
    Resource(
        uri=_TEAMS,
        name="team-stats",
        title="Teams",
        description="Every team with the seasons that there are statistics of.",
        mime_type=JSON,
    ),
)
_WHAT: Final = {
    "player_daily": "A player's game of one day",
    "player_season": "A player's season",
    "team_daily": "A team's game of one day",
    "team_season": "A team's season",
}
_TEMPLATES: Final = tuple(
    ResourceTemplate(
        uri_template=f"{artifacts.SCHEME}{kind}/{{{period}}}/{{id}}",
        name=kind,
        title=_WHAT[kind],
        description=f"{_WHAT[kind]}: totals and averages.",
        mime_type=JSON,
    )
    for kind, period in artifacts.KINDS.items()
)


class LakeResources:
    """The resources of a lake."""

    def __init__(self, lake: Lake, schema: Callable[[], Mapping[str, Any]]) -> None:
        """Offer the lake's artefacts, of this schema."""
        self._lake = lake
        self._schema = schema

    def every(self) -> list[Resource]:
        """The overviews, and every season of every player and team."""
        seasons = [_season(each, name) for each, name in self._lake.season_artifacts()]
        return sorted([*_OVERVIEWS, *seasons], key=lambda resource: str(resource.uri))

    def templates(self) -> list[ResourceTemplate]:
        """One for each kind of artefact."""
        return list(_TEMPLATES)

    def read(self, uri: str) -> ReadResourceResult | None:
        """What a URI stands for; None when there is nothing, or it is not one of ours."""
        found = self._content(uri)
        if found is None:
            return None
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        content = TextResourceContents(uri=uri, mime_type=JSON, text=text)
        return ReadResourceResult(contents=[content])

    def _content(self, uri: str) -> Mapping[str, Any] | None:
        overviews: dict[str, Callable[[], Mapping[str, Any] | None]] = {
            _PLAYERS: self._lake.players_overview,
            _TEAMS: self._lake.teams_overview,
            _SCHEMA: self._schema,
        }
        if uri in overviews:
            return overviews[uri]()
        if not uri.startswith(artifacts.SCHEME):
            return None
        try:
            artifact = artifacts.parse(uri.removeprefix(artifacts.SCHEME))
            return self._lake.raw_index() if artifact is None else self._lake.artifact(artifact)
        except ToolError:  # nothing of this form, or no index yet
            return None


def _season(artifact: Artifact, name: str) -> Resource:
    return Resource(
        uri=f"{artifacts.SCHEME}{artifact.uri}",
        name=artifact.uri,
        title=f"{name}, {artifact.period}",
        mime_type=JSON,
    )
