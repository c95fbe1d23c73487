"""Wakes a virtual machine up after it has suspended itself. usage: wake.py QMP_SOCKET SECONDS"""
import json
import socket
import sys
import time

path, seconds = sys.argv[1], float(sys.argv[2])
connection = socket.socket(socket.AF_UNIX)
for _ in range(200):
    try:
        connection.connect(path)
        break
    except OSError:
        time.sleep(0.05)
stream = connection.makefile("rw", encoding="utf-8")


def say(command):
    stream.write(json.dumps({"execute": command}) + "\n")
    stream.flush()


stream.readline()  # the greeting
say("qmp_capabilities")
for line in stream:
    if json.loads(line).get("event") == "SUSPEND":
        time.sleep(seconds)  # this is the night
        say("system_wakeup")
