"""Runs keepers and faults, and judges what the reader sees: soak.py SCRATCH RESULTS SECONDS SEED."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections import Counter

from faults import FAULTS, anywhere, end
from keepers import ISSUER, NOW, Failure, make_places

# A process is measured for the first time after this many seconds of its life.
WARM_UP = 20
# What may be added to memory after that, in KiB: pages of the heap, and of the program that are first used later.
MORE_ANONYMOUS, MORE_RESIDENT = 16, 64


class Soak:
    def __init__(self, scratch, results, seconds, seed):
        self.scratch, self.results, self.seed = scratch, results, seed
        self.places = make_places(scratch, seed)
        self.keepers = {keeper.name: keeper for place in self.places for keeper in place.keepers}
        self.counts = Counter()
        self.badges, self.failures, self.late, self.flat, self.more = {}, [], 0, 0, 0
        self.damaged, self.restored = 0, 0
        self.log = open(f"{results}/faults.log", "w")
        self.reader = self.start_reader()
        self.unread = b""
        self.end = NOW() + seconds

    def start_reader(self):
        public = [{name: key[name] for name in ("kty", "crv", "x", "kid")} for key in self.places[0].pool]
        files = {
            keeper.name: {"path": keeper.out, "iss": ISSUER, "sub": keeper.subject, "life": keeper.exp}
            for keeper in self.keepers.values()
        }
        settings = f"{self.scratch}/reader.json"
        with open(settings, "w") as file:
            json.dump({"keys": {"keys": public}, "files": files}, file)
        reader = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reader.py")
        return subprocess.Popen([sys.executable, "-B", "-W", "ignore", reader, settings], stdout=subprocess.PIPE)

    # What the reader sees

    def read(self, seconds):
        """Takes in the reader's lines of at most this time."""
        if not select.select([self.reader.stdout], [], [], seconds)[0]:
            return
        lines = (self.unread + os.read(self.reader.stdout.fileno(), 1 << 20)).split(b"\n")
        self.unread = lines.pop()
        if not lines and not self.unread and self.reader.poll() is not None:
            raise SystemExit("the reader ended")
        for line in map(json.loads, lines):
            if "sweep" in line:
                for keeper in self.keepers.values():
                    keeper.seen_fresh = line["sweep"] if keeper.is_fresh() else 0
            else:
                self.guard(self.judge, self.keepers[line["name"]], line)

    def guard(self, action, keeper, *more):
        """Carries out an action and keeps its failure. A keeper that failed is judged no more."""
        try:
            if not keeper.failed:
                return action(keeper, *more)
        except Failure as failure:
            self.fail(failure.keeper, str(failure))
        except OSError as error:
            self.fail(keeper, f"a file or process is not as it should be: {error!r}")

    def judge(self, keeper, seen):
        keeper.seen = seen
        allowed = keeper.place.explains if keeper in keeper.place.hit else ()
        if seen["kind"] != "file":
            what = seen["kind"].split()[0]
            if what not in allowed:
                raise Failure(keeper, f"the badge file is {seen['kind']}")
        elif seen["text"] in keeper.planted:
            if "planted" not in allowed:
                raise Failure(keeper, f"a content that a fault wrote is back: {seen['text'][:80]!r}")
        elif "badge" not in seen:
            raise Failure(keeper, f"{seen['why']}; the file has {len(seen['text'])} bytes: {seen['text'][:2000]!r}")
        else:
            self.judge_badge(keeper, seen, seen["badge"])
            if seen["attributes"] != keeper.attributes and "attributes" not in allowed:
                mode, *owner = seen["attributes"]
                raise Failure(keeper, f"mode {mode:04o} and owner {owner} instead of {keeper.attributes}")

    def judge_badge(self, keeper, seen, badge):
        if badge["jti"] not in self.badges and keeper.place.fault in (None, "stop_and_continue"):
            # The time of the rename.
            if seen["changed"] >= badge["exp"]:
                raise Failure(keeper, f"the new badge had expired for {seen['changed'] - badge['exp']} s")
        name, content = self.badges.setdefault(badge["jti"], (keeper.name, seen["text"]))
        if (name, content) != (keeper.name, seen["text"]):
            raise Failure(keeper, f"the jti {badge['jti']} is that of another badge of {name}")
        # The key is read after iat was decided and before the badge was seen.
        keys = [kid for kid, begin, until in keeper.keys if begin <= seen["at"] and until >= badge["iat"]]
        if badge["kid"] not in keys:
            raise Failure(keeper, f"signed by {badge['kid']}, but the key was {keys}")

    # What the keepers do

    def watch(self, keeper):
        """What must hold at any time."""
        if not keeper.is_down and keeper.process.poll() is not None:
            raise Failure(keeper, f"the keeper ended with {keeper.process.returncode}")
        keeper.hear()
        if keeper in keeper.place.hit:
            keeper.late_since, keeper.pinged = None, NOW()
            return
        if keeper.socket and NOW() - keeper.pinged > 30:
            raise Failure(keeper, "no watchdog ping for 30 s")
        if keeper.is_good():
            keeper.late_since = None
        elif keeper.late_since is None:
            keeper.late_since = NOW()
            self.late += 1
            keeper.place.note(f"{keeper.name} has no valid badge, without a fault")
        elif NOW() - keeper.late_since > keeper.bound():
            raise Failure(keeper, f"no valid badge for {keeper.bound()} s without a fault")
        if keeper.baseline is None and not keeper.is_down and NOW() - keeper.started > WARM_UP:
            keeper.baseline = keeper.memory()

    def step(self, place):
        """Begins, continues or ends the fault of a place."""
        if place.lifted is not None:
            waiting = [keeper for keeper in place.hit if keeper.seen_fresh <= place.lifted]
            for keeper in waiting:
                if NOW() - place.lifted > keeper.bound():
                    raise Failure(keeper, f"no valid badge {keeper.bound()} s after the fault {place.fault} was lifted")
            if not waiting:
                if place.is_damage:
                    self.damaged += 1
                    self.restored += place.hit[0].seen["badge"] == place.hit[0].before
                place.fault, place.explains, place.hit, place.action, place.lifted = None, (), [], None, None
                place.next = NOW() + place.random.uniform(0.1, 2)
        elif NOW() >= place.next:
            if place.action is None:
                if NOW() >= self.end or not all(keeper.is_fresh() for keeper in place.keepers):
                    return
                self.begin(place)
            try:
                place.next = NOW() + next(place.action)
            except StopIteration:
                place.lifted = NOW()
                place.note("lifted")

    def begin(self, place):
        """Draws the next fault: all that fit the place come once, in random order, before one comes again. Those that
        fit few places come first."""
        if not place.deck:
            place.deck = [fault for fault in FAULTS if any(map(fault.fits, place.keepers))]
            place.random.shuffle(place.deck)
            place.deck.sort(key=lambda fault: fault.fits is not anywhere)
        fault = place.deck.pop()
        keeper = place.random.choice([keeper for keeper in place.keepers if fault.fits(keeper)])
        place.fault, place.explains, place.hit = fault.name, fault.explains, place.keepers if fault.whole else [keeper]
        place.is_damage, keeper.before = fault.is_damage, keeper.seen["badge"]
        place.action = fault.run(place, keeper, place.random)
        self.counts[fault.name] += 1
        place.note(f"begins, badge of {keeper.exp} s")

    def write_log(self):
        """Appends the new lines of each place's history to the log of all faults."""
        lines = []
        for place in self.places:
            lines += [history_line(*entry) for entry in place.history[place.logged :]]
            place.logged = len(place.history)
        for line in sorted(lines):
            print(line, file=self.log)
        self.log.flush()

    def each(self, action):
        for keeper in self.keepers.values():
            self.guard(action, keeper)

    def turn(self):
        self.read(0.01)
        self.each(self.watch)
        for place in self.places:
            if not any(keeper.failed for keeper in place.keepers):
                self.guard(lambda keeper: self.step(keeper.place), place.keepers[0])
        self.write_log()

    def fail(self, keeper, what):
        keeper.failed = True
        self.failures.append(keeper.name)
        print(f"FAILED: {keeper.name} (seed {self.seed}): {what}")
        state = {name: value for name, value in (keeper.seen or {}).items() if name != "text"}
        print(f"  the reader sees: {state}")
        print("  the last faults:")
        for entry in [entry for entry in keeper.place.history if keeper.name in entry[2].split(",")][-40:]:
            print("   ", history_line(*entry))
        print("  the end of its log:")
        for line in keeper.log_tail():
            print("   ", line)
        sys.stdout.flush()

    def fail_all(self, what):
        self.failures.append(what)
        print(f"FAILED (seed {self.seed}): {what}")

    # The end

    def run(self):
        self.each(lambda keeper: keeper.start())
        while NOW() < self.end or any(self.is_busy(place) for place in self.places):
            self.turn()
        self.each(self.measure)
        stops = [(keeper, end(keeper)) for keeper in self.keepers.values() if not keeper.failed]
        while stops:
            stops = [stop for stop in stops if self.guard(lambda keeper, stop=stop: next(stop[1], None), stop[0])]
            self.read(0.01)
        self.each(self.clean)
        self.check_processes()
        # The machine may be busy, so no time is asserted; but most badges are restored at once and renewed in time.
        if self.restored * 2 < self.damaged:
            self.fail_all(f"only {self.restored} of {self.damaged} damaged badges were restored, the others renewed")
        if self.late * 20 > len(self.badges):
            self.fail_all(f"{self.late} of {len(self.badges)} badges expired in place without a fault")
        self.write_log()
        return self.summary()

    def is_busy(self, place):
        return place.action is not None and not any(keeper.failed for keeper in place.keepers)

    def measure(self, keeper):
        if keeper.baseline is None or NOW() - keeper.started < 2 * WARM_UP:
            return
        now, before = keeper.memory(), keeper.baseline
        self.flat += 1
        limits = before[0] + MORE_ANONYMOUS, before[1] + MORE_RESIDENT, before[2]
        end = NOW() + 10
        # A renewal may be going on.
        while any(value > limit for value, limit in zip(now, limits)):
            if NOW() > end:
                raise Failure(keeper, f"anonymous KiB, resident KiB and descriptors grew from {before} to {now}")
            time.sleep(0.05)
            now = keeper.memory()
        self.more = max(self.more, now[0] - before[0])

    def clean(self, keeper):
        """A stopped keeper leaves its badge and nothing else."""
        badge = os.path.basename(keeper.out)
        names = {name for name in os.listdir(keeper.place.directory) if badge in name} - {badge}
        if keeper.may_leave_temporary:
            names = {name for name in names if not name.endswith(".tmp")}
        if names:
            raise Failure(keeper, f"files are left: {names}")
        work = os.listdir(f"{self.scratch}/work/{keeper.name}")
        if work:
            raise Failure(keeper, f"files are left in the working directory: {work}")

    def check_processes(self):
        """No keeper, unless one failed before, and no zombie is left in this PID namespace."""
        all_stopped = not self.failures
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with open(f"/proc/{pid}/stat") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
            if all_stopped and name == "capiscio" or rest.split()[0] == "Z":
                self.fail_all(f"process {pid} is left: {name}{rest[:20]}")

    def summary(self):
        if self.failures:
            shutil.copytree(f"{self.scratch}/logs", f"{self.results}/logs")
        for name, count in sorted(self.counts.items()):
            print(f"{count:6} {name}")
        missing = [fault.name for fault in FAULTS if fault.name not in self.counts]
        if missing:
            print("not injected:", ", ".join(missing))
        print(
            f"seed {self.seed}: {len(self.keepers)} keepers, {sum(self.counts.values())} faults of {len(self.counts)} "
            f"kinds, {len(self.badges)} badges verified, {self.late} late, {self.restored} of {self.damaged} damaged "
            f"ones restored; memory of {self.flat} keepers: at most {self.more:+} KiB"
        )
        good = len(self.keepers) - len(set(self.failures))
        print(f"{good} passed, {len(set(self.failures))} failed")
        return 1 if self.failures or not self.badges else 0


def history_line(when, fault, hit, what):
    clock = time.strftime("%H:%M:%S", time.gmtime(when))
    return f"{clock}.{int(when % 1 * 1000):03} {hit}: {fault}: {what}"


def main():
    scratch, results, seconds, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    print(f"soak: {seconds} s, seed {seed}", flush=True)
    soak = Soak(scratch, results, seconds, seed)
    try:
        sys.exit(soak.run())
    finally:
        soak.reader.kill()


main()
