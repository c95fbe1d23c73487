"""The faults. Each is a generator: it does harm, yields seconds to wait, and has lifted the fault when it ends.

`explains` names what the reader may see from its begin until a valid badge is back, besides an expired badge:
absent (no file), special (a directory, FIFO, link or socket), planted (a content that the fault wrote), attributes.
What a fault does not explain is a failure.
"""

import ctypes
import fcntl
import os
import resource
import signal
import socket
import subprocess
import time
from collections import namedtuple

from keepers import NOW, Failure, remove_all, set_instances

Fault = namedtuple("Fault", "name run explains fits whole is_damage")
FAULTS = []
LIBC = ctypes.CDLL(None, use_errno=True)
RENAME_EXCHANGE = 2


def anywhere(keeper):
    return True


def fault(*explains, fits=anywhere, whole=False, is_damage=False):
    """Registers a fault. `fits` tells which keepers it may hit; `whole`: it hits all keepers of the place; `is_damage`:
    the keeper can restore the file at once."""

    def register(run):
        FAULTS.append(Fault(run.__name__, run, explains, fits, whole, is_damage))
        return run

    return register


def exchange(one, other):
    """Exchanges two names atomically (renameat2(2))."""
    if LIBC.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2", one)


def until(keeper, what, condition):
    """Waits for a condition, as long as the keeper may need for a valid badge."""
    end = NOW() + keeper.bound()
    while not condition():
        if NOW() > end:
            raise Failure(keeper, f"after {keeper.bound()} s: {what}")
        yield 0.02


def lock(keeper):
    return f"{keeper.place.directory}/.{os.path.basename(keeper.out)}.lock"


def has_lock(keeper):
    """Waits until the lock file is locked. A keeper that lost it takes it again with its next write."""

    def held():
        try:
            number = os.stat(lock(keeper)).st_ino
        except FileNotFoundError:
            return False
        with open("/proc/locks") as file:
            return any(line.split()[5].endswith(f":{number}") for line in file if " FLOCK " in line)

    return until(keeper, "the keeper does not hold its lock", held)


def pause(keeper, rng):
    """A short time, or where badges are short-lived sometimes longer than a life."""
    return keeper.exp + 1.5 if keeper.exp <= 10 and rng.random() < 0.3 else rng.uniform(0.05, 2)


def beside(keeper):
    """A free name in the directory of the badge."""
    return f"{keeper.place.directory}/.soak.{os.path.basename(keeper.out)}"


def plant(keeper, content):
    """Allows this content, and a beginning of it, which a reader sees between truncate and write."""
    keeper.planted |= {content.decode("latin-1"), ""}
    return content


def forged(rng):
    letters = b"abcdefghijklmnopqrstuvwxyz0123456789-_"
    return b".".join(bytes(rng.choices(letters, k=rng.randint(20, 400))) for _ in range(3))


# The badge file


@fault("absent", is_damage=True)
def delete(place, keeper, rng):
    os.unlink(keeper.out)
    yield 0


@fault("absent")
def delete_often(place, keeper, rng):
    for _ in range(rng.randint(3, 12)):
        if os.path.lexists(keeper.out):
            os.unlink(keeper.out)
        yield rng.uniform(0, 0.1)


@fault("planted", is_damage=True)
def truncate(place, keeper, rng):
    with open(keeper.out, "r+b") as file:
        length = rng.choice([0, 1, rng.randrange(600)])
        place.note(f"to {length}")
        plant(keeper, file.read()[:length])
        file.truncate(length)
    yield 0


@fault("planted", is_damage=True)
def overwrite(place, keeper, rng):
    content = plant(keeper, forged(rng))
    with open(keeper.out, "wb", buffering=0) as file:
        file.write(content)
    yield 0


@fault("planted", is_damage=True)
def append(place, keeper, rng):
    with open(keeper.out, "r+b", buffering=0) as file:
        plant(keeper, file.read() + b"\n")
        file.write(b"\n")
    yield 0


@fault("planted", "attributes", is_damage=True)
def forge(place, keeper, rng):
    with open(beside(keeper), "wb") as file:
        file.write(plant(keeper, forged(rng)))
    os.rename(beside(keeper), keeper.out)
    yield 0


@fault("planted", "attributes")
def replay(place, keeper, rng):
    """An older badge of the same keeper is put in its place."""
    with open(keeper.out, "rb") as file:
        old = file.read()
    yield keeper.exp - keeper.renew + 1
    with open(beside(keeper), "wb") as file:
        file.write(old)
    with open(keeper.out, "rb") as file:
        if file.read() != old:
            plant(keeper, old)
    os.rename(beside(keeper), keeper.out)
    yield 0


@fault("attributes", is_damage=True)
def chmod(place, keeper, rng):
    mode = rng.choice([0, 0o400, 0o644, 0o777, 0o4755, 0o2640])
    place.note(f"{mode:04o}")
    os.chmod(keeper.out, mode)
    yield 0


@fault("attributes", is_damage=True)
def chown(place, keeper, rng):
    user, group = rng.choice([0, 1, 54323]), rng.choice([0, 1, 54323])
    place.note(f"{user}:{group}")
    os.chown(keeper.out, user, group)
    yield 0


@fault()
def touch(place, keeper, rng):
    for _ in range(rng.choice([1, 1, 300])):
        os.utime(keeper.out)
    yield 0


@fault("absent", "special")
def put_directory(place, keeper, rng):
    """A directory, which a rename cannot replace."""
    os.mkdir(beside(keeper))
    if rng.random() < 0.5:
        os.mkdir(f"{beside(keeper)}/full")
    exchange(beside(keeper), keeper.out)
    os.unlink(beside(keeper))
    yield pause(keeper, rng)
    remove_all(keeper.out)


@fault("special", is_damage=True)
def put_fifo(place, keeper, rng):
    os.mkfifo(beside(keeper))
    os.rename(beside(keeper), keeper.out)
    yield 0


@fault("special")
def put_link(place, keeper, rng):
    victim = f"{place.root}/victim"
    target = rng.choice(["/dev/null", "nowhere", os.path.basename(keeper.out), victim])
    with open(victim, "w") as file:
        file.write("a file of another program")
    place.note(f"to {target}")
    os.symlink(target, beside(keeper))
    os.rename(beside(keeper), keeper.out)
    yield 0.5
    with open(victim) as file:
        if file.read() != "a file of another program":
            raise Failure(keeper, f"the file behind a link was changed: {victim}")


@fault("special", is_damage=True)
def put_socket(place, keeper, rng):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(beside(keeper))
    os.rename(beside(keeper), keeper.out)
    yield 0


@fault()
def hard_link(place, keeper, rng):
    """Another name for the badge is no damage."""
    os.link(keeper.out, beside(keeper))
    yield pause(keeper, rng)
    os.unlink(beside(keeper))


# The directory


@fault("absent", whole=True)
def remove_directory(place, keeper, rng):
    remove_all(place.directory)
    yield pause(keeper, rng)
    place.make_directory(place.directory)


@fault("absent", whole=True)
def move_directory(place, keeper, rng):
    os.rename(place.directory, f"{place.directory}.moved")
    yield pause(keeper, rng)
    os.rename(f"{place.directory}.moved", place.directory)


@fault("absent", whole=True)
def move_parent(place, keeper, rng):
    os.rename(place.parent, f"{place.parent}.moved")
    yield pause(keeper, rng)
    os.rename(f"{place.parent}.moved", place.parent)


@fault("absent", whole=True)
def exchange_directory(place, keeper, rng):
    other = f"{place.directory}.other"
    place.make_directory(other)
    exchange(other, place.directory)
    yield pause(keeper, rng)
    remove_all(other)


@fault("absent", whole=True)
def exchange_directory_for_fifo(place, keeper, rng):
    other = f"{place.directory}.fifo"
    os.mkfifo(other)
    for _ in range(rng.randint(1, 20)):
        exchange(other, place.directory)
        yield rng.uniform(0, 0.2)
        exchange(other, place.directory)
        yield rng.uniform(0, 0.05)
    os.unlink(other)


@fault("absent", whole=True)
def link_directory(place, keeper, rng):
    """A symbolic link of root's to the same directory, in a directory that only root can write to."""
    level = rng.choice([place.parent, place.directory])
    if level == place.directory and place.uid:
        level = place.parent
    place.note(level)
    os.rename(level, f"{level}.real")
    os.symlink(f"{level}.real", level)
    yield pause(keeper, rng)
    os.unlink(level)
    os.rename(f"{level}.real", level)


@fault("absent", whole=True)
def mount_over_directory(place, keeper, rng):
    owner = f"size=64k,mode=755,uid={place.uid},gid={place.uid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", owner, "tmpfs", place.directory], check=True)
    yield pause(keeper, rng)
    subprocess.run(["umount", "-l", place.directory], check=True)
    # inotify reports no mount: the old badge is back until the next renewal.
    now, second = NOW(), int(time.time())
    slowest = max(place.keepers, key=lambda keeper: keeper.exp - keeper.renew)

    def all_renewed():
        return all(keeper.seen_fresh > now and keeper.seen["badge"]["iat"] >= second for keeper in place.keepers)

    yield from until(slowest, "no renewal after a file system was unmounted", all_renewed)


@fault(fits=lambda keeper: keeper.uid, whole=True)
def forbid_directory(place, keeper, rng):
    """A temporary file that exists at this moment cannot be removed before the next start."""
    for hit in place.keepers:
        hit.may_leave_temporary = True
    mode = rng.choice([0o000, 0o500, 0o555])
    place.note(f"{mode:04o}")
    os.chmod(place.directory, mode)
    yield pause(keeper, rng)
    os.chmod(place.directory, 0o755)


# The disk


@fault(fits=lambda keeper: keeper.place.has_disk, whole=True)
def fill_disk(place, keeper, rng):
    filler = os.open(f"{place.root}/filler", os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(filler, bytes(4096)):
            pass
    except OSError:
        os.close(filler)
    yield pause(keeper, rng)
    os.unlink(f"{place.root}/filler")


@fault(fits=lambda keeper: keeper.place.has_disk, whole=True)
def use_all_inodes(place, keeper, rng):
    names = []
    try:
        for number in range(1000):
            os.mknod(f"{place.root}/inode{number}")
            names.append(f"{place.root}/inode{number}")
    except OSError:
        yield pause(keeper, rng)
    for name in names:
        os.unlink(name)


@fault(fits=lambda keeper: keeper.place.has_disk, whole=True)
def remount_read_only(place, keeper, rng):
    def remount(option):
        command = ["mount", "-o", f"remount,{option}", place.root]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    # Busy while a keeper writes.
    yield from until(keeper, "the file system cannot be remounted read-only", lambda: remount("ro"))
    yield pause(keeper, rng)
    remount("rw")


# The process


@fault()
def stop_and_continue(place, keeper, rng):
    keeper.signal(signal.SIGSTOP)
    yield pause(keeper, rng)
    keeper.signal(signal.SIGCONT)


@fault(fits=lambda keeper: not keeper.is_terminal)
def hang_up_often(place, keeper, rng):
    """SIGHUP renews; with a terminal on stderr it would end the keeper."""
    for _ in range(rng.choice([1, 5, 40])):
        for _ in range(rng.choice([1, 50])):
            keeper.signal(signal.SIGHUP)
        yield rng.uniform(0, 0.02)


def may_restart(keeper):
    return not keeper.options.get("lives")


@fault(fits=may_restart)
def kill_and_restart(place, keeper, rng):
    keeper.is_down = True
    keeper.signal(signal.SIGKILL)
    yield from until(keeper, "a killed keeper has not ended", lambda: keeper.process.poll() is not None)
    yield pause(keeper, rng)
    keeper.start()


@fault(fits=may_restart)
def stop_and_restart(place, keeper, rng):
    yield from end(keeper)
    yield pause(keeper, rng)
    keeper.start()


def end(keeper):
    """SIGTERM ends a keeper with 0, and its lock is removed."""
    yield from has_lock(keeper)
    keeper.is_down = True
    keeper.signal(signal.SIGTERM)
    yield from until(keeper, "SIGTERM has not ended the keeper", lambda: keeper.process.poll() is not None)
    if keeper.process.returncode != 0:
        raise Failure(keeper, f"SIGTERM ended the keeper with {keeper.process.returncode}")
    if os.path.lexists(lock(keeper)):
        raise Failure(keeper, "the lock of a stopped keeper is left")


@fault()
def second_keeper(place, keeper, rng):
    yield from has_lock(keeper)
    command = [*keeper.options.get("enter", []), *keeper.arguments()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as second:
        try:
            yield from until(keeper, "a second keeper runs on the same file", lambda: second.poll() is not None)
        finally:
            second.kill()
        message = second.stderr.read()
        if second.returncode != 1 or "another keeper" not in message:
            raise Failure(keeper, f"a second keeper ended with {second.returncode}: {message}")


def limit(place, keeper, rng, option, value, before):
    """A soft limit of the process. Its own user sets it, because root may lack CAP_SYS_RESOURCE (prlimit(2))."""
    user = ["setpriv", f"--reuid={keeper.uid}", f"--regid={keeper.uid}", "--clear-groups"] if keeper.uid else []
    command = [*user, "prlimit", f"--pid={keeper.pid}"]
    subprocess.run([*command, f"--{option}={value}:"], check=True)
    if rng.random() < 0.5:
        plant(keeper, b"")
        os.truncate(keeper.out, 0)
    yield pause(keeper, rng)
    before = "unlimited" if before == resource.RLIM_INFINITY else before
    subprocess.run([*command, f"--{option}={before}:"], check=True)


@fault("planted")
def no_descriptor_left(place, keeper, rng):
    """Fewer than are open, but not fewer than poll(2) is given."""
    return limit(place, keeper, rng, "nofile", 6, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


@fault("planted")
def file_size_limit(place, keeper, rng):
    return limit(place, keeper, rng, "fsize", 100, resource.getrlimit(resource.RLIMIT_FSIZE)[0])


@fault(fits=lambda keeper: "enter" in keeper.options)
def inotify_is_possible(place, keeper, rng):
    """The keeper may use inotify for some renewals, then starts again without."""
    set_instances(keeper.options["enter"], 5)
    yield keeper.exp
    set_instances(keeper.options["enter"], 0)
    yield from stop_and_restart(place, keeper, rng)


# The key


@fault()
def remove_key(place, keeper, rng):
    keeper.put_key(None)
    yield pause(keeper, rng)
    keeper.put_key(keeper.key)


@fault()
def rotate_key(place, keeper, rng):
    keeper.put_key(rng.randrange(len(place.pool)))
    if rng.random() < 0.5 and not keeper.is_terminal:
        keeper.signal(signal.SIGHUP)
    yield 0


@fault()
def break_key(place, keeper, rng):
    other = place.pool[keeper.key - 1]
    whole = f'{{"kty":"OKP","crv":"Ed25519","d":"{place.pool[keeper.key]["d"]}","x":"{other["x"]}"}}'
    content = rng.choice(["", whole[:50], whole, "x" * 20_000, "[" * 1000, "\0\0\0"])
    place.note(repr(content[:12]))
    keeper.put_key(None, content)
    yield pause(keeper, rng)
    keeper.put_key(keeper.key)


@fault()
def put_fifo_for_key(place, keeper, rng):
    keeper.put_key(None)
    os.mkfifo(keeper.key_file)
    yield pause(keeper, rng)
    keeper.put_key(keeper.key)


@fault(fits=lambda keeper: keeper.uid)
def forbid_key(place, keeper, rng):
    os.chmod(keeper.key_file, 0)
    yield pause(keeper, rng)
    os.chmod(keeper.key_file, 0o600)


# The lock


@fault()
def delete_lock(place, keeper, rng):
    yield from has_lock(keeper)
    os.unlink(lock(keeper))
    yield pause(keeper, rng)


@fault()
def exchange_lock(place, keeper, rng):
    """Another file of root's, sometimes locked, which must not be written to."""
    with open(beside(keeper), "w") as other:
        if rng.random() < 0.5:
            place.note("locked")
            fcntl.flock(other, fcntl.LOCK_EX)
        os.rename(beside(keeper), lock(keeper))
        yield pause(keeper, rng)
        if os.path.lexists(lock(keeper)):
            os.unlink(lock(keeper))


@fault()
def link_lock(place, keeper, rng):
    """A second name for the lock, or a file of another program under the lock's name."""
    yield from has_lock(keeper)
    victim = f"{place.root}/precious"
    if rng.random() < 0.5:
        os.link(lock(keeper), victim)
        content = None
    else:
        content = "a file of another program"
        with open(victim, "w") as file:
            file.write(content)
        os.chown(victim, keeper.uid, keeper.uid)
        os.link(victim, beside(keeper))
        os.rename(beside(keeper), lock(keeper))
    place.note("a foreign file" if content else "a second name")
    yield pause(keeper, rng)
    with open(victim) as file:
        if content not in (None, file.read()):
            raise Failure(keeper, "a file that was linked under the lock's name was changed")
    os.unlink(victim)
    if content and os.path.lexists(lock(keeper)):
        os.unlink(lock(keeper))


@fault()
def put_special_lock(place, keeper, rng):
    kind = rng.choice(["directory", "FIFO", "link", "socket"])
    place.note(kind)
    yield from has_lock(keeper)
    os.unlink(lock(keeper))
    try:
        if kind == "directory":
            os.mkdir(lock(keeper))
        elif kind == "FIFO":
            os.mkfifo(lock(keeper))
        elif kind == "link":
            os.symlink(f"{place.root}/elsewhere", lock(keeper))
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(lock(keeper))
    except FileExistsError:
        return  # The keeper was faster.
    yield pause(keeper, rng)
    if os.path.exists(f"{place.root}/elsewhere"):
        raise Failure(keeper, "the keeper followed a link under the lock's name")
    if kind == "directory":
        os.rmdir(lock(keeper))
    else:
        os.unlink(lock(keeper))


# The readers of the log and the supervisor


@fault(fits=lambda keeper: "stderr" in keeper.options and keeper.unread)
def log_reader_reads_a_little(place, keeper, rng):
    os.set_blocking(keeper.unread, False)
    for _ in range(rng.randint(1, 20)):
        try:
            os.read(keeper.unread, rng.choice([1, 60, 300, 4096]))
        except BlockingIOError:
            pass
        yield rng.uniform(0, 0.2)


@fault(fits=lambda keeper: keeper.socket)
def supervisor_does_not_read(place, keeper, rng):
    keeper.is_deaf = True
    yield 8
    keeper.is_deaf = False


@fault(fits=lambda keeper: keeper.socket)
def supervisor_restarts(place, keeper, rng):
    keeper.socket.close()
    keeper.is_deaf = True
    yield pause(keeper, rng)
    if keeper.options["notify"].startswith("/"):
        os.unlink(keeper.options["notify"])
    keeper.listen()
    keeper.is_deaf = False
