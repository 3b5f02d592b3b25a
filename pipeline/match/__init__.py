"""One matter, one issue: near-duplicates and other voices about the same concrete matter."""

from pipeline.match.prints import Background, Fingerprint, fingerprint, join
from pipeline.match.issues import match, shared

__all__ = ["Background", "Fingerprint", "fingerprint", "join", "match", "shared"]
