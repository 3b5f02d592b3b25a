"""Figures for Prometheus: requests by route, what stands in the store. Each application has an own registry."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from service.desk.mine import OPEN, today
from service.store import Assignment, Job, Standing, Store

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_FRESH = 15.0
"""Seconds for which counts of the store are good."""


class Metrics:
    """What is counted here; the labels are methods, route templates and status codes, nothing that people send."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ["method", "route", "status"]
        self.requests = Counter("minyi_requests", "Requests.", labels, registry=self.registry)
        self.seconds = Histogram(
            "minyi_request_seconds",
            "Time to the end of the answer.",
            labels[:2],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.under_way = Gauge("minyi_requests_under_way", "Requests that are being answered.", registry=self.registry)

    def watch(self, store: Store) -> None:
        """Tell also what stands in a store."""
        self.registry.register(Stored(store))

    def text(self) -> bytes:
        """Return all figures in Prometheus' format."""
        return generate_latest(self.registry)


class Stored(Collector):
    """Counts of the store, asked for when somebody looks and kept for a few seconds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._told: list[GaugeMetricFamily] = []
        self._at = 0.0

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Say nothing beforehand: the store may not be there yet."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the counts."""
        if not self._told or time.monotonic() - self._at > _FRESH:
            self._told, self._at = self._counted(), time.monotonic()
        yield from self._told

    def _counted(self) -> list[GaugeMetricFamily]:
        told = []
        with self.store.reading() as session:
            for name, column, what in (
                ("minyi_submissions", Standing.status, "Submissions by status."),
                ("minyi_reviews", Standing.review, "Submissions by what officers did with the decision."),
                ("minyi_deliveries", Standing.delivery, "Submissions by where they are on their way."),
                ("minyi_jobs", Job.state, "Jobs by state."),
            ):
                family = GaugeMetricFamily(name, what, labels=[column.key])
                for value, count in session.execute(select(column, func.count()).group_by(column)):
                    family.add_metric([value], count)
                told.append(family)
            waiting = Standing.waits & (Standing.status == "triaged")
            late = Assignment.state.in_(OPEN) & (Assignment.due < today())
            for name, what, query in (
                (
                    "minyi_queue",
                    "Submissions that wait for an officer.",
                    select(func.count(Standing.number)).where(waiting),
                ),
                ("minyi_overdue", "Assignments whose day has passed.", select(func.count(Assignment.id)).where(late)),
            ):
                told.append(GaugeMetricFamily(name, what, value=session.scalar(query) or 0))
        return told
