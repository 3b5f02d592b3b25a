"""The analysts' pages (模型): train again, judge, put to work and take back; labels, trial and drift."""

from fastapi import APIRouter

from service.web.analyst import drift, labels, models, retrainings, trial

router = APIRouter()
for _each in (retrainings, labels, trial, drift, models):
    router.include_router(_each.router)
