#!/bin/bash
# shellcheck disable=SC2002 # the guide's script, unchanged
# check-badge-health.sh
BADGE_FILE="${1:-./current-badge.jwt}"
MIN_REMAINING_SECONDS=300 # Alert if < 5 minutes remaining
if [ ! -f "$BADGE_FILE" ]; then
    echo "CRITICAL: Badge file not found"
    exit 2
fi
# Extract expiration
EXP=$(cat "$BADGE_FILE" | cut -d. -f2 | base64 -d 2>/dev/null | jq -r .exp)
NOW=$(date +%s)
REMAINING=$((EXP - NOW))
if [ $REMAINING -lt 0 ]; then
    echo "CRITICAL: Badge expired"
    exit 2
elif [ $REMAINING -lt $MIN_REMAINING_SECONDS ]; then
    echo "WARNING: Badge expires in ${REMAINING}s"
    exit 1
else
    echo "OK: Badge valid for ${REMAINING}s"
    exit 0
fi
