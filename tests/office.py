"""A small office for tests of the service: three places, three members, two stations."""

from __future__ import annotations

from typing import Any

from service.accounts.actor import PERMISSIONS, Actor, command

ME = command("test")
PLACES = "id,name,parent,aliases\nc,柳川县,,\nt,桥头镇,c,桥头\nv,石桥村,t,\n"
MEMBERS = (
    "id,name,sectors,place,speciality,organisation,active,capacity\n"
    "m1,甲一,经济,t,道路照明,桥头镇,1,5\n"
    "m2,乙二,经济|工商联,c,市政设施,县住建局,1,5\n"
    "m3,丙三,教育,c,中小学,县一中,1,5\n"
)
STATIONS = "id,name,place,kind,convenors\ns1,桥头联络站,t,区域,m1|m2\ns2,县委员之家,c,区域,m3\n"
OFFICE = {"places": PLACES, "members": MEMBERS, "stations": STATIONS}
LAMPS = "桥头镇路灯不亮\n桥头镇中心街的路灯坏了三天，晚上走路看不见，请尽快修。"

OFFICER = Actor("user", "li", PERMISSIONS["officer"], "officer", id=1)


def member(name: str) -> Actor:
    """Return a member's actor."""
    return Actor("user", name, PERMISSIONS["member"], "member", member=name, id=2)


def furnish(store: Any) -> None:
    """Give a store the tables of the office."""
    from service.desk import tables

    tables.put(store, OFFICE, {}, ME)
