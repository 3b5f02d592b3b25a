"""Who takes a submission up, from tables that an office can edit."""

from pipeline.route.places import Place, Places
from pipeline.route.router import Router
from pipeline.route.tables import CROSSWALK, load_crosswalk, load_members, load_stations

__all__ = ["CROSSWALK", "Place", "Places", "Router", "load_crosswalk", "load_members", "load_stations"]
