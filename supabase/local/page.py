"""The built web page: hashed assets, and `index.html` for every route of the app."""

import hashlib
import html
import re
from pathlib import Path

from aiohttp import web

from local_platform.settings import Platform

KEY_TAG = re.compile(r'(<meta name="supabase-publishable-key" content=")[^"]*(")')
URL_TAG = re.compile(r'(<meta name="supabase-url" content=")[^"]*(")')
# Vite puts a hash of the content into these names.
IMMUTABLE = "public, max-age=31536000, immutable"
NOT_BUILT = "A página ainda não foi construída: rode `make up`, que a constrói."


def find(dist: Path, path: str) -> Path | None:
    """The file of `dist` that `path` names; None for a route of the app or anything outside."""
    file = (dist / path.lstrip("/")).resolve()
    return file if file.is_file() and file.is_relative_to(dist.resolve()) else None


def index(dist: Path, settings: Platform) -> str:
    """`index.html`, told which stack serves it: one build serves any port and any key."""
    text = (dist / "index.html").read_text()
    key = html.escape(settings.secrets.publishable_key)
    return URL_TAG.sub(r"\1\2", KEY_TAG.sub(rf"\g<1>{key}\g<2>", text))


async def serve(request: web.Request, settings: Platform) -> web.StreamResponse:
    if request.method not in {"GET", "HEAD"}:
        raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
    dist = settings.root / "web" / "dist"
    file = find(dist, request.path)
    if file is not None and file.name != "index.html":
        caching = IMMUTABLE if file.parent.name == "assets" else "no-cache"
        return web.FileResponse(file, headers={"Cache-Control": caching})
    if Path(request.path).suffix and file is None:
        raise web.HTTPNotFound(text="not found")
    if not (dist / "index.html").exists():
        return web.Response(status=503, text=NOT_BUILT)
    text = index(dist, settings)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    response = web.Response(text=text, content_type="text/html", headers=headers)
    response.enable_compression()
    return response
