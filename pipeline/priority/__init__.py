"""Priority by the rubric of the duty desk: signals with scope, weighed with what the model says of the text."""

from pipeline.priority.crowd import Voice, aggravate, crowd, voice
from pipeline.priority.dial import Setting, per_day, setting, turn
from pipeline.priority.find import Found, check_signals, find
from pipeline.priority.sieve import Candidate, Sieve, sieve
from pipeline.priority.table import SIGNALS, WORDS, Kind, Signal, Strength, load_signals, load_words, signals
from pipeline.priority.weigh import CUTS, DIAL, FEATURES, GUESSED, Ordinal, Weighed, features, prioritise, weigh

__all__ = [
    "CUTS",
    "DIAL",
    "FEATURES",
    "GUESSED",
    "SIGNALS",
    "WORDS",
    "Candidate",
    "Found",
    "Kind",
    "Ordinal",
    "Setting",
    "Sieve",
    "Signal",
    "Strength",
    "Voice",
    "Weighed",
    "aggravate",
    "check_signals",
    "crowd",
    "features",
    "find",
    "load_signals",
    "load_words",
    "per_day",
    "prioritise",
    "setting",
    "sieve",
    "signals",
    "turn",
    "voice",
    "weigh",
]
