"""The guide's Python consumer in a tight loop: prints how often it has read since, and each badge that is new."""

import os
import sys
from pathlib import Path


def get_current_badge() -> str:
    """Read the current badge from the keeper's output file."""
    badge_path = Path(os.environ.get("BADGE_FILE", "./current-badge.jwt"))
    if not badge_path.exists():
        raise RuntimeError("Badge file not found. Is badge-keeper running?")
    return badge_path.read_text().strip()


last, reads = None, 0
while True:
    badge = get_current_badge()
    reads += 1
    if badge != last:
        print(reads, badge)
        sys.stdout.flush()
        last, reads = badge, 0
