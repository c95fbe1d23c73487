# The server of the guide's snippets and the snippets themselves, unchanged. For scripts in a network namespace of their own.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets `here`, `work`, `capiscio` and `python`

# start_other_agent PUBLIC_KEY [OPTIONS OF badge verify]: serves https://other-agent.example.com, which verifies the badge of each request.
start_other_agent() {
    local public=$1
    shift
    ip link set lo up
    cp /etc/hosts hosts && echo '127.0.0.1 other-agent.example.com' >>hosts && mount --bind hosts /etc/hosts
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other-agent.example.com \
        -addext subjectAltName=DNS:other-agent.example.com -keyout tls.key -out tls.crt 2>/dev/null
    python3 "$here/lib/other-agent.py" tls.crt tls.key "$capiscio" "$public" "$@" 2>other-agent.log &
    at_exit kill $!
    check "the server listens" within 10 listening 443
    export SSL_CERT_FILE=$work/tls.crt NODE_EXTRA_CA_CERTS=$work/tls.crt
}
listening() { bash -c ": </dev/tcp/127.0.0.1/$1"; }

# guide_snippets: writes guide-agent.py and .js, which read the badge, guide-request.py and .js, which send it, and both as a
# program that prints the status: guide.py and guide.js.
guide_snippets() {
    cat >guide-agent.py <<'SNIPPET'
import os
from pathlib import Path

def get_current_badge() -> str:
    """Read the current badge from the keeper's output file."""
    badge_path = Path(os.environ.get("BADGE_FILE", "./current-badge.jwt"))
    if not badge_path.exists():
        raise RuntimeError("Badge file not found. Is badge-keeper running?")
    return badge_path.read_text().strip()

SNIPPET
    cat >guide-request.py <<'SNIPPET'
# Use in requests
import httpx

badge = get_current_badge()
response = httpx.post(
    "https://other-agent.example.com/api/task",
    headers={"Authorization": f"Bearer {badge}"},
    json={"task": "process"}
)
SNIPPET
    cat >guide-agent.js <<'SNIPPET'
const fs = require('fs');
const path = require('path');
function getCurrentBadge() {
const badgePath = process.env.BADGE_FILE || './current-badge.jwt';
return fs.readFileSync(badgePath, 'utf-8').trim();
}
SNIPPET
    cat >guide-request.js <<'SNIPPET'
// Use in requests
const badge = getCurrentBadge();
const response = await fetch('https://other-agent.example.com/api/task', {
method: 'POST',
headers: {
'Authorization': `Bearer ${badge}`,
'Content-Type': 'application/json'
},
body: JSON.stringify({ task: 'process' })
});
SNIPPET
    { cat guide-agent.py guide-request.py; echo 'print(response.status_code)'; } >guide.py
    # Node allows no require() beside a top-level await, so the request is put in an async function.
    { cat guide-agent.js; echo '(async () => {'; cat guide-request.js; echo 'console.log(response.status); })();'; } >guide.js
}
