"""The worker: takes jobs out of the queue, runs each in a process of its own, and tells webhooks what happened.

A job's process gives its memory back when it ends, and takes nobody with it when it fails; the worker itself stays
small, says that the job is alive, and sees when it is not.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from pipeline import parallel
from pipeline.errors import MinyiError
from pipeline.triage import Triage
from service import logs
from service.desk import atwork
from service.desk.trial import Trial
from service.jobs import again, drift, hooks, imports, queue, retrain
from service.jobs.queue import Held, LostError, StoppedError
from service.settings import Settings
from service.store import Store

_BEAT = 5.0
_PAUSE = 0.5
"""Seconds between two signs of life, and between two looks into the queue."""
_NICE = 10
"""How far the worker stands back behind requests, where it shares their machine."""

log = logging.getLogger("minyi.worker")


def load(settings: Settings, store: Store) -> Triage:
    """Return what judges, for one job: the model that works now and the tables of the office."""
    return atwork.load(store, settings)


def run(held: Held, settings: Settings, processes: int, progress: Callable[[int], None] | None = None) -> str:
    """Run a job that was claimed, to its end; return its state. What goes wrong is told in the job."""
    try:
        if held.kind == "import":
            triage = load(settings, held.store)
            result = imports.run(held, settings.data, triage, processes=processes, progress=progress)
        elif held.kind == "retrain":
            result = retrain.run(held, settings.data)
        elif held.kind == "rejudge":
            result = again.run(held, load(settings, held.store))
        elif held.kind == drift.KIND:
            result = drift.run(held)
        else:
            raise MinyiError(f"不认识的任务“{held.kind}”：可能是新版本放进来的。请升级后重试。")
    except LostError:
        return "lost"
    except StoppedError:
        held.close("cancelled")
        imports.drop_file(settings.data, held.what)
        return "cancelled"
    except (MinyiError, OSError) as error:
        held.close("failed", error=imports.shown(str(error), settings.data, held.what))
        return "failed"
    held.close("done", result=result)
    imports.drop_file(settings.data, held.what)
    return "done"


def _process(settings: Settings, which: int, processes: int) -> None:
    """Run a job that the parent has claimed, in a process of its own."""
    parallel.die_with_parent()
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker hears it, too, and ends this process
    held = queue.held(Store.open(settings.url), which)
    try:
        run(held, settings, processes)
    except Exception as error:
        log.exception("job %s", which)
        queue.note(held, f"程序出错（{type(error).__name__}）。请把日志交给维护人员。")
        raise SystemExit(1) from error


class Worker:
    """Works off the queue until it is told to stop.

    Parameters
    ----------
    settings : of the service.
    processes : in which rows are judged; all cores by default.
    others : what else is done at each round, such as telling webhooks; it must not take long.
    """

    def __init__(
        self, settings: Settings, processes: int | None = None, others: tuple[Callable[[Store], Any], ...] = ()
    ) -> None:
        self.settings = settings
        self.processes = processes or len(os.sched_getaffinity(0))
        self.others = others
        self.store = Store.open(settings.url)
        self._spawn = multiprocessing.get_context("spawn")

    def run(self, stop: Event, *, once: bool = False) -> None:
        """Work until `stop` is set, or, `once`, until nothing waits any more; then the store is closed."""
        try:
            self._work(stop, once)
        finally:
            self.store.close()

    def _work(self, stop: Event, once: bool) -> None:
        while not stop.is_set():
            try:
                held = queue.claim(self.store, queue.worker_name())
                if held:
                    self._see_through(held, stop)
                    continue
                retrain.sweep(self.store, self.settings.data)
            except SQLAlchemyError:  # the database is away; a job that was in hand is claimed again
                log.exception("store")
                stop.wait(_BEAT)
            self._round()
            if once:
                return
            stop.wait(_PAUSE)

    def _see_through(self, held: Held, stop: Event) -> None:
        """Let a job run, and say meanwhile that it is alive."""
        process = self._spawn.Process(target=_process, args=(self.settings, held.id, self.processes))
        process.start()
        try:
            beat = time.monotonic()
            while process.is_alive():
                self._round()
                if time.monotonic() - beat > _BEAT:
                    beat = time.monotonic()
                    self._beat(held, process)
                if stop.wait(_PAUSE):
                    process.terminate()
        finally:
            process.terminate()
            process.join()
        queue.put_back(held, stopped=stop.is_set())

    def _beat(self, held: Held, process: BaseProcess) -> None:
        try:
            held.alive()
        except StoppedError:
            if held.kind != "import":  # an import sees it by itself, between two writes
                process.terminate()
                process.join()
                if held.kind == "retrain":
                    retrain.drop(self.settings.data, held.id, str(held.what["name"]))
                held.close("cancelled")
        except LostError:
            process.terminate()
        except SQLAlchemyError:
            log.exception("store")

    def _round(self) -> None:
        for other in self.others:
            try:
                other(self.store)
            except Exception:  # whatever it is, jobs go on
                log.exception("round")


@contextmanager
def alongside(settings: Settings) -> Iterator[None]:
    """Keep a worker beside a service on one machine: a process of its own, so that no request waits for an import."""
    end = Event()
    thread = Thread(target=_keep, args=(settings, end), name="worker")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _keep(settings: Settings, end: Event) -> None:
    """Start a worker, and another where it falls over."""
    while not end.is_set():
        process = multiprocessing.get_context("spawn").Process(target=_beside, args=(settings,))
        process.start()
        while process.is_alive() and not end.wait(_PAUSE):
            pass
        process.terminate()
        process.join()
        end.wait(_BEAT)


def _beside(settings: Settings) -> None:
    parallel.die_with_parent()
    os.nice(_NICE)
    main(settings)


def main(settings: Settings, processes: int | None = None, *, once: bool = False) -> None:
    """Run a worker until a signal ends it."""
    logs.configure()
    stop = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    Worker(settings, processes, (hooks.deliver, Trial(settings), drift.Weekly())).run(stop, once=once)
