"""The store: what an office keeps. Tables in matters, people and work; the door in engine; changes in migrations."""

from service.store.base import Base, now, table
from service.store.engine import Store, open_engine
from service.store.matters import (
    Answer,
    Assignment,
    DecisionRow,
    Issue,
    Review,
    RulingRow,
    Standing,
    SubmissionRow,
    Theme,
)
from service.store.people import Count, Key, Member, OfficeTable, SavedView, SignIn, User
from service.store.upgrade import current, downgrade, upgrade
from service.store.work import Asked, AuditEntry, Change, Job, RejectedRow, Webhook

__all__ = [
    "Answer",
    "Asked",
    "Assignment",
    "AuditEntry",
    "Base",
    "Change",
    "Count",
    "DecisionRow",
    "Issue",
    "Job",
    "Key",
    "Member",
    "OfficeTable",
    "RejectedRow",
    "Review",
    "RulingRow",
    "SavedView",
    "SignIn",
    "Standing",
    "Store",
    "SubmissionRow",
    "Theme",
    "User",
    "Webhook",
    "current",
    "downgrade",
    "now",
    "open_engine",
    "table",
    "upgrade",
]
