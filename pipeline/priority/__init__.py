"""Priority by the rubric of the duty desk: signals with scope, weighed with what the model says of the text."""

from pipeline.priority.find import Found, find
from pipeline.priority.sieve import Sieve, sieve
from pipeline.priority.table import SIGNALS, WORDS, Kind, Signal, Strength, load_signals, load_words, signals

__all__ = ["SIGNALS", "WORDS", "Found", "Kind", "Signal", "Sieve", "Strength", "find", "load_signals", "load_words", "sieve", "signals"]
