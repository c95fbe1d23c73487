// The guide's Node snippet in a loop: for each new badge prints the number of reads since the last one, and the badge.

const fs = require('fs');
const path = require('path');

function getCurrentBadge() {
  const badgePath = process.env.BADGE_FILE || './current-badge.jwt';
  return fs.readFileSync(badgePath, 'utf-8').trim();
}

let last = null;
let reads = 0;
for (;;) {
  const badge = getCurrentBadge();
  reads += 1;
  if (badge !== last) {
    fs.writeSync(1, `${reads} ${badge}\n`);
    last = badge;
    reads = 0;
  }
}
