"""Administration (管理), one module for each thing that is administered."""

from fastapi import APIRouter
from fastapi.responses import Response

from service.web.admin import audit, dials, keys, rows, tables, users
from service.web.page import SignedIn

router = APIRouter()
for _each in (rows, tables, dials, users, keys, audit):
    router.include_router(_each.router)


@router.get("/admin")
def start(page: SignedIn) -> Response:
    """Lead to the tables."""
    page.need("tables_read")
    return page.go("/admin/tables")
