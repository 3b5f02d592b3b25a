"""The pages of the API's description, served from this machine: Swagger UI's files come with a package."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

DOCS = "/api/v1/docs"
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>民意 minyi 接口说明</title>
<link rel="stylesheet" href="{docs}/swagger-ui.css"></head>
<body><div id="page"></div><noscript><p>接口说明全文：<a href="{schema}">{schema}</a></p></noscript>
<script src="{docs}/swagger-ui-bundle.js"></script><script src="{docs}/start.js"></script></body></html>
"""
_START = """SwaggerUIBundle({{url: "{schema}", dom_id: "#page", deepLinking: true, tryItOutEnabled: false,
  validatorUrl: null, persistAuthorization: false}});
"""
_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


def assets() -> Path:
    """Return the folder of Swagger UI's files. The package is only looked up: its code is not run."""
    found = importlib.util.find_spec("fastapi_offline")
    assert found
    assert found.origin
    return Path(found.origin).parent / "static"


def install(app: FastAPI) -> None:
    """Let an application show its description. No script stands in the page: the content policy holds here as well."""
    told = {"docs": DOCS, "schema": app.openapi_url or ""}
    folder = assets()

    @app.get(DOCS, include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(_PAGE.format(**told))

    @app.get(f"{DOCS}/start.js", include_in_schema=False)
    def start() -> Response:
        return Response(_START.format(**told), media_type="text/javascript")

    for name in _FILES:
        app.get(f"{DOCS}/{name}", include_in_schema=False)(_serving(folder / name))


def _serving(path: Path) -> Callable[[], FileResponse]:
    def serve() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "max-age=86400"})

    return serve
