"""One matter, one issue: near-duplicates and other voices about the same concrete matter."""

from pipeline.match.issues import match, shared
from pipeline.match.prints import Background, Fingerprint, fingerprint, join

__all__ = ["Background", "Fingerprint", "fingerprint", "join", "match", "shared"]
