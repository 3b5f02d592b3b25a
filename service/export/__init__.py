"""A finished run as files: JSON lines for programs, tables and a page for people."""

from service.export.files import ENDINGS, beside, check, write

__all__ = ["ENDINGS", "beside", "check", "write"]
