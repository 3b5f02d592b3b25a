"""What judges at present: the working model and the tables of the office; a change of either is taken up on the run."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from pipeline.errors import MinyiError
from pipeline.knowledge import models_folder
from pipeline.triage import Triage
from service.desk import dials, tables
from service.desk.intake import Intake
from service.desk.sheets import as_files
from service.settings import Settings
from service.store import Store

_EVERY = 1.0
"""Seconds between two looks."""
_log = logging.getLogger("minyi.atwork")

Signs = tuple[object, ...]
"""What changes whenever another model or other tables are to judge."""


def load(store: Store, settings: Settings) -> Triage:
    """Return what is to judge now."""
    with store.reading() as session:
        kept = tables.contents(session)
    set_to = dials.read(kept.get("dials", ""), settings.precision)
    with as_files(kept) as paths:
        return Triage.load(
            model=settings.model,
            precision=set_to.precision,
            priority_dial=set_to.priority,
            rules=paths.get("rules"),
            places=paths.get("places"),
            members=paths.get("members"),
            stations=paths.get("stations"),
            lexicon=paths.get("lexicon"),
        )


def signs(store: Store) -> Signs:
    """Return what tells whether something else is to judge."""
    current = models_folder() / "current.json"
    with store.reading() as session:
        versions = tables.versions(session)
    return (_stamp(current), *sorted(versions.items()))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    return told.st_mtime_ns, told.st_size


class Watch:
    """Looks every second whether something else is to judge, loads it beside the work, and exchanges it in one step.

    Requests that are under way end with what they began with. What cannot be loaded is told once and left; the work
    goes on as before.

    Parameters
    ----------
    signs : of what the intake works with, taken before it was loaded.
    """

    def __init__(self, store: Store, settings: Settings, intake: Intake, signs: Signs) -> None:
        self.store, self.settings, self.intake = store, settings, intake
        self.signs = signs
        self.failed = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join(timeout=30)

    def look(self) -> bool:
        """Look once; return whether something was exchanged."""
        found = signs(self.store)
        if found == self.signs:
            return False
        self.signs = found
        began = time.monotonic()
        try:
            triage = load(self.store, self.settings)
        except MinyiError as error:
            self.failed = str(error)
            _log.error("not exchanged", extra={"reason": type(error).__name__})
            return False
        self.failed = ""
        self.intake.exchange(triage)
        provenance = triage.provenance
        told = {"model": provenance.model, "rules": provenance.rules, "seconds": round(time.monotonic() - began, 3)}
        _log.info("exchanged", extra=told)
        return True

    def _run(self) -> None:
        while not self._end.wait(_EVERY):
            try:
                self.look()
            except Exception:  # the database may be away for a while; the next look finds it again
                _log.exception("the watch failed")
