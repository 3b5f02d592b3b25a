"""Lost: what cannot be known is marked with the printers' sign for a missing character, never guessed."""

from __future__ import annotations

import re

from pipeline.records import Edit

LOST = "□"
_SURE = re.compile("\ufffd+")
_IN_DAMAGED = re.compile(r"\ufffd+|(?<=[\u3400-\u9fff》”’」』])\?{2,}(?=[,，、;；:：。》”’)）])")
"""Where bytes were lost, two or more "?" before another sign are no question but what is left of characters."""


def edits(text: str, *, damaged: bool) -> list[Edit]:
    """Return the edits that mark what is lost.

    Parameters
    ----------
    text : the text after all repairs.
    damaged : whether bytes were lost elsewhere in it, or readings put into it: then "??" is no question.
    """
    pattern = _IN_DAMAGED if damaged else _SURE
    return [Edit("lost", *match.span(), match.group(), LOST * len(match.group())) for match in pattern.finditer(text)]
