"""Reads badge files without pause and verifies each badge with joserfc. Prints what it sees as JSON lines.

Its argument is a JSON file: {"keys": JWK Set, "files": {NAME: {"path", "iss", "sub", "life"}}}. A line is a change of
one file, or {"sweep": TIME}: all files were read once more after that time (CLOCK_MONOTONIC). It knows no fault.
"""

import json
import os
import stat
import sys
import time
import uuid

from joserfc import jwt
from joserfc.jwk import KeySet

PAUSE = 0.002
SWEEP_LINES = 0.1


def verify(content, keys, wanted):
    """The claims of a badge. Raises where a signature, a header member or a claim is wrong."""
    found = jwt.decode(content.decode("ascii"), keys, algorithms=["EdDSA"])
    header, claims = found.header, found.claims
    assert content.count(b".") == 2 and content.strip() == content, "no compact JWS"
    assert header["alg"] == "EdDSA" and header["typ"] == "JWT", f"header {header}"
    assert uuid.UUID(claims["jti"]).version == 4, "jti"
    assert (claims["iss"], claims["sub"]) == (wanted["iss"], wanted["sub"]), "iss or sub"
    assert claims["exp"] - claims["iat"] == wanted["life"], "exp"
    assert claims["iat"] <= time.time(), "iat is in the future"
    signer = keys.get_by_kid(header["kid"]).as_dict(private=False)
    assert all(claims["key"][name] == signer[name] for name in ("kty", "crv", "x")), "key"
    assert claims["vc"]["credentialSubject"] == {"domain": "agent.example.com", "level": "1"}, "vc"
    return {name: claims[name] for name in ("jti", "iat", "exp")} | {"kid": header["kid"]}


def read(path):
    """What has the name `path`: its kind, and for a regular file its content and attributes; and the time of its last
    change of any kind."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return ("absent", None, None), 0
    except OSError as error:
        return (f"special ({error.strerror})", None, None), 0
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return ("special", None, None), 0
        attributes = [stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid]
        return ("file", os.read(file, 65536), attributes), found.st_ctime
    finally:
        os.close(file)


def describe(seen, keys, wanted):
    kind, content, attributes = seen
    if kind != "file":
        return {"kind": kind}
    about = {"kind": "file", "text": content.decode("latin-1")[:4096], "attributes": attributes}
    try:
        return about | {"badge": verify(content, keys, wanted)}
    except Exception as error:  # Every exception of the library means: no valid badge.
        return about | {"why": f"{type(error).__name__}: {error}"}


def main():
    with open(sys.argv[1]) as file:
        settings = json.load(file)
    keys = KeySet.import_key_set(settings["keys"])
    last, told = {}, 0
    while True:
        begin = time.monotonic()
        for name, wanted in settings["files"].items():
            seen, changed = read(wanted["path"])
            before = last.get(name)
            if before is None or before["seen"] != seen:
                before = {"seen": seen, "expired": None, "about": describe(seen, keys, wanted)}
            expired = "badge" in before["about"] and before["about"]["badge"]["exp"] <= time.time()
            if before["expired"] != expired:
                more = {"name": name, "at": time.time(), "changed": changed, "expired": expired}
                print(json.dumps(before["about"] | more))
                last[name] = before | {"expired": expired}
        if begin - told >= SWEEP_LINES:
            print(json.dumps({"sweep": begin}), flush=True)
            told = begin
        time.sleep(PAUSE)


main()
