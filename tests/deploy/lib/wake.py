"""Wakes a virtual machine that has suspended itself. Usage: wake.py QMP_SOCKET SECONDS"""
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


def execute(command):
    stream.write(json.dumps({"execute": command}) + "\n")
    stream.flush()


stream.readline()  # the greeting
execute("qmp_capabilities")
for line in stream:
    if json.loads(line).get("event") == "SUSPEND":
        time.sleep(seconds)
        execute("system_wakeup")
