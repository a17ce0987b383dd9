"""The page: Swagger UI, all of it from this image, under a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api_docs_generator.catalog import Document

_SWAGGER: Final = "flask_openapi_swagger"
_JAVASCRIPT: Final = "text/javascript; charset=utf-8"
_CSS: Final = "text/css; charset=utf-8"
_OWN: Final = Path(__file__).parent / "page"
_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
$head
<title>$title</title>
</head>
<body>
$navigation
<noscript>This page needs JavaScript. The description itself: <a href="$url">$url</a></noscript>
<main id="swagger-ui" data-url="$url"></main>
$scripts
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page, under a name that changes with what is in it."""

    name: str
    content_type: str
    body: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """The page's files by their plain names.

    Raises:
        FileNotFoundError: The image lacks one.
    """
    swagger = _swagger_files()
    files = {
        "swagger-ui.css": (swagger / "css/swagger-ui.css", _CSS),
        "swagger-ui-bundle.js": (swagger / "js/swagger-ui-bundle.js", _JAVASCRIPT),
        "swagger.svg": (swagger / "images/swagger.svg", "image/svg+xml"),
        "page.css": (_OWN / "page.css", _CSS),
        "page.js": (_OWN / "page.js", _JAVASCRIPT),
    }
    return {name: _asset(name, path, kind) for name, (path, kind) in files.items()}


@cache
def served() -> Mapping[str, Asset]:
    """The same by the names that the page asks for."""
    return {asset.name: asset for asset in assets().values()}


def page(document: Document, all_documents: Sequence[Document]) -> str:
    """The page of a document; `GET /docs` answers with it."""
    links = {name: f"docs/{asset.name}" for name, asset in assets().items()}
    head = [
        f'<link rel="icon" href="{links["swagger.svg"]}" type="image/svg+xml">',
        f'<link rel="stylesheet" href="{links["swagger-ui.css"]}">',
        f'<link rel="stylesheet" href="{links["page.css"]}">',
    ]
    scripts = [
        f'<script src="{links[name]}" defer></script>'
        for name in ("swagger-ui-bundle.js", "page.js")
    ]
    return _PAGE.substitute(
        head="\n".join(head),
        title=escape(document.name),
        navigation=_navigation(document, all_documents),
        url=f"openapi.json?api={quote(document.api_id)}",
        scripts="\n".join(scripts),
    )


def policy(documents: Sequence[Document]) -> str:
    """The page's Content-Security-Policy: this origin, and the APIs for trying them out."""
    origins = sorted({_origin(url) for document in documents for url in document.servers})
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src {' '.join(["'self'", *origins])}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def single_file(document: Document) -> str:
    """The page with all its files and the document inside: to keep, send or open from a disk."""
    found = {name: asset.body.decode() for name, asset in assets().items()}
    styles = [found["swagger-ui.css"], found["page.css"]]
    scripts = [_inline(found["swagger-ui-bundle.js"]), _inline(found["page.js"])]
    content = json.dumps(document.content).replace("<", "\\u003c")
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    csp = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {' '.join(map(_origin, document.servers))}"
    )
    head = [f'<meta http-equiv="Content-Security-Policy" content="{escape(csp)}">']
    head += [f"<style>{style}</style>" for style in styles]
    tags = [f'<script type="application/json" id="document">{content}</script>']
    tags += [f"<script>{script}</script>" for script in scripts]
    return _PAGE.substitute(
        head="\n".join(head),
        title=escape(document.name),
        navigation="",
        url="openapi.json",
        scripts="\n".join(tags),
    )


def _navigation(document: Document, documents: Sequence[Document]) -> str:
    """Links to the other APIs' pages, where there are any."""
    if len(documents) == 1:
        return ""
    links = "".join(
        f'<a href="docs?api={quote(other.api_id)}"'
        f"{' aria-current="page"' if other is document else ''}>{escape(other.name)}</a>"
        for other in documents
    )
    return f'<nav aria-label="APIs">{links}</nav>'


def _swagger_files() -> Path:
    # The package itself would import Flask, which is not here.
    spec = importlib.util.find_spec(_SWAGGER)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{_SWAGGER} is not installed")
    return Path(spec.submodule_search_locations[0]) / "templates" / "swagger"


def _asset(name: str, path: Path, content_type: str) -> Asset:
    body = path.read_bytes()
    stem, _, suffix = name.rpartition(".")
    return Asset(f"{stem}.{hashlib.sha256(body).hexdigest()[:16]}.{suffix}", content_type, body)


def _inline(script: str) -> str:
    """A script that may stand between tags: what would end them is written otherwise."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
