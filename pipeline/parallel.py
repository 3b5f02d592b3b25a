"""Pieces of work in several processes that share what is loaded."""

from __future__ import annotations

import ctypes
import gc
import itertools
import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

_AHEAD = 3
"""Pieces handed to each process ahead of what it is doing."""
_WORTH_FORKING = 2
"""Pieces from which on more processes pay."""
_PR_SET_PDEATHSIG = 1

Work = TypeVar("Work")
Done = TypeVar("Done")


def die_with_parent() -> None:
    """Let the system end this process when its parent is gone, even where that was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _alone() -> None:
    """Set up a worker: what it holds is shared, so nothing is collected; it ends with its parent."""
    gc.disable()
    die_with_parent()


def in_order(judge: Callable[[Work], Done], work: Iterable[Work], processes: int) -> Iterator[Done]:
    """Do pieces of work, in their order, in as many processes as pay.

    Parameters
    ----------
    judge : a function of a module; what it needs beside its piece stands in that module before this is called.
    """
    first = list(itertools.islice(work, _WORTH_FORKING))
    every = itertools.chain(first, work)
    if processes < 2 or len(first) < _WORTH_FORKING or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(judge, every)
        return
    gc.freeze()  # what is loaded stays shared between the processes
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_alone) as pool:
        waiting: deque[Future[Done]] = deque()
        try:
            for piece in every:
                waiting.append(pool.submit(judge, piece))
                if len(waiting) > processes * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            gc.unfreeze()
