"""Runs `capiscio badge keep ... -- agent` in a pseudoterminal. Exit status 0, or 1 and a sentence with all that the terminal showed.

Usage: terminal.py job-control|close-shell|close-leader WORK CAPISCIO        WORK holds key/private.jwk and the agent
       terminal.py keys COMMAND...                                           types Ctrl-C twice and Ctrl-\\
"""

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

LIMIT = 10  # seconds for each wait


class Terminal:
    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["PS1"] = "ready> "
            os.execvp(command[0], command)
        self.shown, self.seen = "", 0

    def expect(self, text):
        """Waits for text after the last text that was expected."""
        end = time.monotonic() + LIMIT
        while (found := self.shown.find(text, self.seen)) < 0:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                fail(f"the terminal does not show {text!r}", self)
            try:
                self.shown += os.read(self.fd, 4096).decode()
            except OSError:
                fail(f"the terminal ended before it showed {text!r}", self)
        self.seen = found + len(text)

    def type(self, text):
        os.write(self.fd, text.encode())


def fail(why, terminal=None):
    print(why)
    if terminal:
        print(terminal.shown)
    sys.exit(1)


def until(what, condition, terminal=None):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            fail(f"not so: {what}", terminal)
        time.sleep(0.02)


def child_of(pid):
    """The only child of the process, or 0."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if len(children) == 1 else 0


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def gone(pid):
    return not Path(f"/proc/{pid}").exists() or state(pid) == "Z"


def job_control(work, keep, badge):
    terminal = Terminal("/bin/bash", "--norc", "--noprofile", "-i")
    terminal.expect("ready> ")
    terminal.type(f"{keep} {work}/agent serve\n")
    terminal.expect("agent: pid ")
    keeper = child_of(terminal.pid)
    agent = child_of(keeper)

    # SIGUSR1 is passed on after everything that the keeper received before, so a second SIGINT would be counted by then.
    terminal.type("\x03")
    terminal.expect("agent: INT from the kernel, 1 interrupts")
    os.kill(keeper, signal.SIGUSR1)
    terminal.expect(f"agent: USR1 from process {keeper}, 1 interrupts")
    terminal.type("\x03")
    terminal.expect("agent: INT from the kernel, 2 interrupts")
    os.kill(keeper, signal.SIGUSR1)
    terminal.expect(f"agent: USR1 from process {keeper}, 2 interrupts")

    for _ in range(2):
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("ready> ")
        until("Ctrl-Z stops keeper and agent", lambda: state(keeper) == state(agent) == "T", terminal)
        terminal.type("fg\n")
        terminal.expect("agent: CONT from ")
        until("fg continues keeper and agent", lambda: state(keeper) == state(agent) == "S", terminal)
        until("fg puts both into the foreground", lambda: os.tcgetpgrp(terminal.fd) == os.getpgid(keeper) == os.getpgid(agent), terminal)

    badge.unlink()
    until("the keeper restores the badge", badge.exists, terminal)

    terminal.type("\x1a")
    terminal.expect("ready> ")
    terminal.type("bg\n")
    terminal.expect("agent: CONT from ")
    badge.unlink()
    until("the keeper restores the badge in the background", badge.exists, terminal)
    terminal.type("fg\n")
    until("fg puts it back", lambda: os.tcgetpgrp(terminal.fd) == os.getpgid(keeper), terminal)

    os.kill(keeper, signal.SIGTERM)
    terminal.expect(f"agent: TERM from process {keeper}, 2 interrupts")
    terminal.expect("ready> ")
    terminal.type("echo status $?\n")
    terminal.expect("status 7\r\n")


def close(terminal, keeper, lines):
    """Closes the terminal; the agent gets SIGTERM, and both end."""
    agent = child_of(keeper)
    os.close(terminal.fd)
    until("keeper and agent end", lambda: gone(keeper) and gone(agent), terminal)
    if f"agent: TERM from process {keeper}," not in lines.read_text():
        fail(f"the agent did not get SIGTERM: {lines.read_text()}", terminal)


def close_shell(work, keep, badge):
    lines = work / "close-shell.txt"
    terminal = Terminal("/bin/bash", "--norc", "--noprofile", "-i")
    terminal.expect("ready> ")
    terminal.type(f"{keep} {work}/agent serve >{lines}\n")
    until("the agent starts", lambda: lines.exists() and "agent: pid" in lines.read_text(), terminal)
    close(terminal, child_of(terminal.pid), lines)


def close_leader(work, keep, badge):
    lines = work / "close-leader.txt"
    terminal = Terminal("/bin/sh", "-c", f"exec {keep} {work}/agent serve >{lines}")
    until("the agent starts", lambda: lines.exists() and "agent: pid" in lines.read_text(), terminal)
    close(terminal, terminal.pid, lines)
    if "HUP" in lines.read_text():
        fail(f"the agent got SIGHUP: {lines.read_text()}")
    end(terminal, 7)


def keys(*command):
    terminal = Terminal(*command)
    terminal.expect("agent: pid ")
    for n in (1, 2):
        terminal.type("\x03")
        terminal.expect(f"agent: INT from the kernel, {n} interrupts")
    terminal.type("\x1c")
    terminal.expect("agent: QUIT from the kernel, 2 interrupts")
    end(terminal, 8)


def end(terminal, expected):
    _, status = os.waitpid(terminal.pid, 0)
    if os.waitstatus_to_exitcode(status) != expected:
        fail(f"it ended with {os.waitstatus_to_exitcode(status)} instead of the agent's {expected}", terminal)


def main():
    if sys.argv[1] == "keys":
        keys(*sys.argv[2:])
        return
    name, work, capiscio = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    badge = work / f"{name}.jwt"
    keep = f"{capiscio} badge keep --key {work}/key/private.jwk --out {badge} --"
    {"job-control": job_control, "close-shell": close_shell, "close-leader": close_leader}[name](work, keep, badge)


main()
