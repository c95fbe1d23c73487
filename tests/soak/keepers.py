"""The keepers of the soak, and the places where they keep their badges."""

import fcntl
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import time

ISSUER = "https://registry.capisc.io"
USER, GROUP = 54321, 54322
NOW = time.monotonic


class Failure(Exception):
    """Something that the program must not do."""

    def __init__(self, keeper, what):
        super().__init__(what)
        self.keeper = keeper


def filled(file):
    """`file`, after it was filled until a write would block."""
    os.set_blocking(file, False)
    try:
        while os.write(file, b"x" * 512):
            pass
    except BlockingIOError:
        os.set_blocking(file, True)
    return file


class Keeper:
    """One keeper: its command line, its process, its key, and what the reader saw of its badge."""

    def __init__(self, place, name, exp, renew, **options):
        self.place, self.name, self.exp, self.renew = place, f"{place.name}-{name}", exp, renew
        self.options = options
        self.base = place.base
        self.out = f"{place.directory}/{name}.jwt"
        self.key_file = f"{self.base}/keys/{self.name}.jwk"
        self.log = f"{self.base}/logs/{self.name}.log"
        self.subject = f"did:web:agent.example.com:{self.name}"
        self.mode = options.get("mode", 0o600)
        self.uid = place.uid
        self.gid = options.get("group", place.uid)
        self.attributes = [self.mode, self.uid, self.gid]
        self.is_terminal = options.get("stderr") == "pty"
        self.process, self.started, self.is_down = None, 0, False
        self.keys = []  # [kid or None, from, until]: which key was in place, Unix seconds
        self.planted = set()
        self.seen, self.seen_fresh, self.late_since, self.before = None, 0, None, None
        self.baseline = None
        self.failed, self.may_leave_temporary = False, False
        self.pinged, self.is_deaf = NOW(), False
        self.unread, self.socket, self.ready = None, None, None
        self.stderr = self.open_stderr()
        if "notify" in options:
            self.listen()
        if "ready" in options:
            self.ready = filled(self.small_pipe())

    def small_pipe(self):
        """The write end of a pipe of 4 KiB."""
        self.unread, stream = os.pipe()
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 4096)
        return stream

    def open_stderr(self):
        """The stream for the log. The reader of a pipe or a terminal never reads."""
        kind = self.options.get("stderr")
        if kind == "pipe":
            return self.small_pipe()
        if kind == "pty":
            self.unread, stream = os.openpty()
            filled(stream)
            # Now poll(2) reports the terminal writable, although a log line does not fit.
            os.read(self.unread, 100)
            return stream
        return os.open(kind or self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def listen(self):
        """Opens the socket that NOTIFY_SOCKET names."""
        name = self.options["notify"].replace("@", "\0")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(name)
        if name.startswith("/"):
            os.chmod(name, 0o777)

    def hear(self):
        """Reads what the keeper told its supervisor."""
        try:
            while self.socket and not self.is_deaf:
                if b"WATCHDOG=1" in self.socket.recv(4096):
                    self.pinged = NOW()
        except BlockingIOError:
            pass

    def arguments(self):
        flags = ["--key", self.key_file, "--out", self.out, "--iss", ISSUER, "--sub", self.subject]
        flags += ["--domain", "agent.example.com", "--exp", f"{self.exp}s", "--renew-before", f"{self.renew}s"]
        flags += ["--out-mode", f"{self.mode:04o}", *self.options.get("flags", [])]
        if "group" in self.options:
            flags += ["--out-group", str(self.gid)]
        command = [f"{self.base}/capiscio", "badge", "keep", *flags]
        if self.uid:
            command = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", f"--groups={GROUP}", *command]
        return command

    def start(self):
        environment = {"PATH": os.environ["PATH"]}
        if self.socket:
            environment |= {"NOTIFY_SOCKET": self.options["notify"], "WATCHDOG_USEC": "2000000"}
        if self.options.get("journal"):
            found = os.fstat(self.stderr)
            environment["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
        command = [*self.options.get("prefix", []), *self.arguments()]
        if self.ready:
            command += ["--ready-fd", str(self.ready)]
        work = f"{self.base}/work/{self.name}"
        os.makedirs(work, exist_ok=True)
        os.chmod(work, 0o777)
        descriptors = [self.ready] if self.ready else []
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.stderr, pass_fds=descriptors,
            cwd=work, env=environment,
        )  # fmt: skip
        self.started, self.baseline, self.is_down, self.may_leave_temporary = NOW(), None, False, False

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        os.kill(self.pid, number)

    def put_key(self, key, content=None):
        """Replaces the key file atomically by the pool's key of this number, or by a broken content (`None`: none)."""
        begin = time.time()
        if key is not None:
            content = json.dumps(self.place.pool[key])
        if content is None:
            os.unlink(self.key_file)
        else:
            temporary = f"{self.key_file}.new"
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(content)
            os.chown(temporary, self.uid, self.uid)
            os.rename(temporary, self.key_file)
        if self.keys:
            self.keys[-1][2] = time.time()
        self.keys.append([self.place.pool[key]["kid"] if key is not None else None, begin, float("inf")])
        self.key = key if key is not None else self.key

    def bound(self):
        """Seconds in which a valid badge must be back. Where restores are delayed, because many were undone, the next
        renewal is the latest."""
        return 30 + self.exp - self.renew

    def is_good(self):
        seen = self.seen or {}
        is_own = "badge" in seen and seen["text"] not in self.planted
        return is_own and not seen["expired"] and seen["attributes"] == self.attributes

    def is_fresh(self):
        """A good badge whose renewal is not overdue: what prevented a renewal is over."""
        return self.is_good() and self.seen["badge"]["exp"] - time.time() > self.renew - 1

    def memory(self):
        """Anonymous and resident memory in KiB, and the number of open descriptors: the least of some samples."""
        samples = []
        for _ in range(5):
            with open(f"/proc/{self.pid}/smaps_rollup") as file:
                sizes = {line.split()[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
            samples.append((sizes["Anonymous:"], sizes["Rss:"], len(os.listdir(f"/proc/{self.pid}/fd"))))
        return tuple(map(min, zip(*samples)))

    def log_tail(self):
        try:
            with open(self.log, errors="replace") as file:
                return file.read().splitlines()[-30:]
        except FileNotFoundError:
            return [f"(the log goes to {self.options['stderr']})"]


class Place:
    """A directory with badges. One fault at a time happens in it."""

    def __init__(self, base, pool, name, seed, uid=0, disk=False):
        self.base, self.pool, self.name, self.uid, self.has_disk = base, pool, name, uid, disk
        self.random = random.Random(f"{seed}/{name}")
        self.root = f"{base}/{name}"
        self.parent = f"{self.root}/a"
        self.directory = f"{self.parent}/badges"
        self.keepers, self.history, self.logged, self.deck = [], [], 0, []
        self.fault, self.explains, self.hit = "start", ("absent",), self.keepers
        self.action, self.is_damage = None, False
        self.next, self.lifted = NOW() + self.random.uniform(2, 5), NOW()
        os.mkdir(self.root)
        if disk:
            mount = ["mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=100,mode=755", "tmpfs", self.root]
            subprocess.run(mount, check=True)
        os.mkdir(self.parent)
        self.make_directory(self.directory)

    def add(self, name, exp, renew, **options):
        self.keepers.append(Keeper(self, name, exp, renew, **options))

    def make_directory(self, path):
        os.mkdir(path, 0o755)
        os.chown(path, self.uid, self.uid)

    def note(self, what):
        hit = ",".join(keeper.name for keeper in self.hit)
        self.history.append((time.time(), self.fault, hit, what))


def make_pool(base, count):
    """Private JWKs with kid, made by the program."""
    pool = []
    for number in range(count):
        names = [f"{base}/pool-{number}.{end}" for end in ("private", "public")]
        command = [f"{base}/capiscio", "key", "gen", "--out-priv", names[0], "--out-pub", names[1]]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=True)
        with open(names[0]) as private, open(names[1]) as public:
            pool.append(json.load(private) | {"kid": json.load(public)["kid"]})
    return pool


def strace(*injections):
    """Runs a keeper under strace, which makes system calls fail. With -D the pid is the keeper's."""
    return ["strace", "-D", "-f", "-q", "-o", "/dev/null", *[f"--inject={injection}" for injection in injections]]


def limited(base):
    """A user namespace in which inotify has no instance left: the holder's pid, and the prefix to enter it."""
    holder = subprocess.Popen(["unshare", "--user", "--map-root-user", "sleep", "infinity"])
    own = os.stat("/proc/self/ns/user").st_ino
    while os.stat(f"/proc/{holder.pid}/ns/user").st_ino == own:
        time.sleep(0.01)
    enter = ["nsenter", "--user", f"--target={holder.pid}", "--preserve-credentials"]
    set_instances(enter, 0)
    return enter


def set_instances(enter, count):
    subprocess.run([*enter, "sh", "-c", f"echo {count} >/proc/sys/user/max_inotify_instances"], check=True)


def make_places(base, seed):
    """All places and keepers. The numbers are lifetime and renew-before in seconds. One that `lives` is not restarted:
    its memory is measured over the whole run."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for name in ("keys", "logs", "work"):
        os.mkdir(f"{base}/{name}")
    pool, places = make_pool(base, 8), []

    def place(name, **options):
        places.append(Place(base, pool, name, seed, **options))
        return places[-1]

    json_log, polled = ["--log-format", "json"], ["--check-interval", "500ms"]
    shared = place("shared")
    shared.add("plain", 6, 2, lives=True)
    shared.add("json", 8, 3, flags=json_log)
    shared.add("group", 6, 2, mode=0o640, group=GROUP)
    shared.add("open", 10, 4, mode=0o444, journal=True)
    shared.add("polled", 8, 3, flags=polled)
    shared.add("slow", 60, 30, flags=json_log)
    shared.add("long", 45, 20, flags=["--check-interval", "5s"])
    crowd = place("crowd")
    for number in range(6):
        crowd.add(f"k{number}", 15, 5, flags=json_log if number % 2 else [], lives=number < 2)
    for number, (exp, renew) in enumerate([(5, 2), (6, 2), (8, 3), (12, 5)]):
        place(f"solo{number}").add("badge", exp, renew, mode=0o644)
    for number in range(2):
        user = place(f"user{number}", uid=USER + number)
        user.add("plain", 6, 2, lives=True)
        user.add("group", 10, 4, mode=0o640, group=GROUP, flags=json_log + polled)
    for number in range(3):
        disk = place(f"disk{number}", disk=True, uid=USER if number == 2 else 0)
        disk.add("one", 6, 2, lives=True)
        disk.add("two", 20, 8, mode=0o640)
    supervised = place("supervised")
    supervised.add("path", 6, 2, notify=f"{base}/work/notify", lives=True)
    supervised.add("abstract", 8, 3, notify=f"@soak-{seed}", flags=json_log)
    # Nothing reads the first three: a log pipe, a terminal, and the pipe of --ready-fd, which is full.
    place("pipe").add("badge", 6, 2, stderr="pipe")
    place("pty").add("badge", 6, 2, stderr="pty")
    place("ready").add("badge", 6, 2, ready=True)
    place("full").add("badge", 8, 3, stderr="/dev/full")
    # The first failures come after the first badge, which must succeed; a retry of a failed write succeeds.
    place("write").add("badge", 6, 2, prefix=strace("write:error=ENOSPC:when=11+7"))
    place("sync").add("badge", 6, 2, prefix=strace("fsync:error=EIO:when=9+5"))
    rename = strace("rename,renameat,renameat2:error=EACCES:when=3+4", "fchmod:error=EIO:when=7+5")
    place("rename").add("badge", 8, 3, prefix=rename)
    place("quota").add("badge", 8, 3, prefix=strace("write:error=EDQUOT:when=12+11", "open:error=EMFILE:when=80+31"))
    blind = place("blind")
    enter = limited(base)
    blind.add("always", 6, 2, prefix=enter, flags=polled)
    enter = limited(base)
    blind.add("sometimes", 10, 4, prefix=enter, enter=enter, flags=polled)
    for keeper in (keeper for place in places for keeper in place.keepers):
        keeper.put_key(keeper.place.random.randrange(len(pool)))
    return places


def remove_all(directory):
    """rm -r. A keeper may restore its badge meanwhile, so it may take more than one try."""
    for _ in range(1000):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.lexists(directory):
            return
    raise OSError(f"cannot remove {directory}")
