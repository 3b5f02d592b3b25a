"""Whom a submission may be given to: first those that were proposed, then everybody, who fits best before others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.route import Router
from pipeline.route.tables import Member
from service.desk.assign import of_submission
from service.desk.life import UNDER_WAY
from service.desk.mine import OPEN
from service.store import Assignment, Standing

_FAR = 99
"""Steps to a place that does not meet ours in the tree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member, what they have in hand, and what speaks for them.

    has : whether the submission is in their hands already.
    fits : whether one of their sectors leads, or assists.
    reasons : of the decision, where it proposed them.
    """

    id: str
    name: str
    sectors: tuple[str, ...]
    place: str
    speciality: str
    in_hand: int
    capacity: int
    has: bool
    fits: bool
    reasons: tuple[str, ...]


def candidates(
    session: Session, own: Standing, route: Mapping[str, Any], router: Router, text: str = ""
) -> list[Candidate]:
    """Return the members that are active: proposed, of a fitting sector, near, with little in hand come first.

    Parameters
    ----------
    route : of the decision.
    text : words, each of which must stand in a member's name, sectors, place, speciality or organisation.
    """
    names = {place.id: place.name for place in router.places.by_id.values()}
    where = next((place.id for place in router.places.by_id.values() if place.name == own.place), None)
    proposed = {each["id"]: at for at, each in enumerate(route["members"])}
    reasons = {each["id"]: tuple(each["reasons"]) for each in route["members"]}
    sectors = {own.sector, *route["assist"]}
    open_now = select(Assignment.member, func.count()).where(Assignment.state.in_(OPEN)).group_by(Assignment.member)
    in_hand: dict[str, int] = dict(session.execute(open_now).all())
    have = {each.member for each in of_submission(session, own.number) if each.state in UNDER_WAY}
    steps = dict(zip((each.id for each in router.roster.members), router.roster.near(where)[1].tolist(), strict=True))

    def order(member: Member) -> tuple[Any, ...]:
        far = steps[member.id] if steps[member.id] >= 0 else _FAR
        at = proposed.get(member.id, len(proposed))
        return at, not sectors & {*member.sectors}, far, in_hand.get(member.id, 0), member.id

    def found(member: Member) -> bool:
        told = (member.id, member.name, *member.sectors, names.get(member.place or "", ""), member.speciality)
        return all(any(word in each for each in (*told, member.organisation)) for word in text.split())

    return [
        Candidate(
            id=each.id, name=each.name, sectors=each.sectors, place=names.get(each.place or "", ""),
            speciality=each.speciality, in_hand=in_hand.get(each.id, 0), capacity=each.capacity, has=each.id in have,
            fits=bool(sectors & {*each.sectors}), reasons=reasons.get(each.id, ()),
        )
        for each in sorted(filter(found, router.roster.members), key=order)
    ]  # fmt: skip
