"""Who takes a submission up, from tables that an office can edit."""

from pipeline.route.ledger import Ledger
from pipeline.route.places import Place, Places, Recognised
from pipeline.route.roster import Ask
from pipeline.route.router import Matter, Router, finish
from pipeline.route.tables import CROSSWALK, load_crosswalk, load_members, load_stations

__all__ = [
    "CROSSWALK",
    "Ask",
    "Ledger",
    "Matter",
    "Place",
    "Places",
    "Recognised",
    "Router",
    "finish",
    "load_crosswalk",
    "load_members",
    "load_stations",
]
