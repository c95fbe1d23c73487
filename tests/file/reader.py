"""The guide's Python snippet in a loop: for each new badge prints the number of reads since the last one, and the badge."""

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
