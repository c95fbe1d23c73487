"""Exchanges badges and keys between the program in CAPISCIO_BINARY and PyJWT, joserfc, cryptography. Prints a line per check."""

import base64
import hmac
import json
import os
import subprocess
import tempfile
import time
import uuid
from importlib.metadata import version

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import errors as joserfc_errors
from joserfc import jws as joserfc_jws
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, OKPKey
from jwt.algorithms import OKPAlgorithm

BINARY = os.environ["CAPISCIO_BINARY"]
README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")
SUBJECT = "did:web:agent.example.com"
ISSUER = "https://registry.capisc.io"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def capiscio(*args):
    """Runs the program and returns its stdout; raises unless the exit status is 0."""
    done = subprocess.run([BINARY, *args], capture_output=True, text=True, env={}, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def refused(code, *args):
    done = subprocess.run([BINARY, "badge", "verify", *args], capture_output=True, text=True, env={}, timeout=30)
    assert (done.returncode, done.stdout.split(":")[0]) == (1, code), done


def write(name, content):
    with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
    return name


def read_json(name):
    with open(name) as file:
        return json.load(file)


def claims(public, **changes):
    """The claims of a badge of another issuer."""
    now = int(time.time())
    subject = {"domain": "agent.example.com", "level": "1"}
    made = {
        "jti": str(uuid.uuid4()),
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": ["https://a.example", "b"],
        "iat": now,
        "exp": now + 300,
        "ial": "0",
        "key": {name: public[name] for name in ("kty", "crv", "x")},
        "vc": {"type": ["VerifiableCredential", "AgentIdentity"], "credentialSubject": subject},
    }
    return {**made, **changes}


def public_of(jwk):
    return {name: value for name, value in jwk.items() if name not in ("d", "key_ops")}


def issue(key, *more):
    names = ["--domain", "agent.example.com", "--aud", "https://a.example,b"]
    if "--self-sign" not in more:
        names += ["--sub", SUBJECT]
    return capiscio("badge", "issue", "--key", key, *names, *more).strip()


def verified(token, public):
    """The result of `badge verify` for a badge and this public JWK."""
    answer = capiscio("badge", "verify", "--json", "--key", write("theirs.jwk", public), "--audience", "b", token)
    return json.loads(answer)


def tampered(token):
    header, payload, signature = token.split(".")
    changed = json.loads(unb64(payload)) | {"exp": 253402300799}
    return f"{header}.{b64(json.dumps(changed).encode())}.{signature}"


def raises(error, action, *args, **more):
    try:
        action(*args, **more)
    except error:
        return
    raise AssertionError(f"it is accepted, but should raise {error}")


def check(what, action):
    try:
        action()
        print("ok     ", what, flush=True)
    except Exception as error:
        print("FAILED ", what, flush=True)
        print("       ", type(error).__name__, error, flush=True)


# PyJWT


def pyjwt_decode(token, key, **more):
    wanted = {"require": ["jti", "iss", "sub", "aud", "iat", "exp"], "strict_aud": False}
    return jwt.decode(token, key, algorithms=["EdDSA"], audience="b", issuer=ISSUER, options=wanted, **more)


def pyjwt_generates():
    key = Ed25519PrivateKey.generate()
    return key, json.loads(OKPAlgorithm.to_jwk(key))


def pyjwt_verifies_ours():
    found = pyjwt_decode(issue("private.jwk"), jwt.PyJWK(read_json("public.jwk")).key)
    assert found["sub"] == SUBJECT and found["exp"] - found["iat"] == 3600, found
    assert found["key"]["x"] == read_json("public.jwk")["x"]


def pyjwt_finds_the_key_of_ours():
    token = issue("private.jwk")
    keys = jwt.PyJWKSet.from_dict({"keys": [pyjwt_generates()[1] | {"kid": "other"}, read_json("public.jwk")]})
    pyjwt_decode(token, keys[jwt.get_unverified_header(token)["kid"]].key)


def pyjwt_refuses_ours_changed():
    key = jwt.PyJWK(read_json("public.jwk")).key
    raises(jwt.InvalidSignatureError, pyjwt_decode, tampered(issue("private.jwk")), key)
    raises(jwt.InvalidAudienceError, jwt.decode, issue("private.jwk"), key, algorithms=["EdDSA"], audience="c")


def we_verify_pyjwts():
    key, jwk = pyjwt_generates()
    token = jwt.encode(claims(jwk), key, algorithm="EdDSA", headers={"kid": "any"})
    found = verified(token, public_of(jwk))
    assert (found["sub"], found["aud"], found["level"]) == (SUBJECT, ["https://a.example", "b"], "1"), found


def we_refuse_pyjwts_forgeries():
    key, jwk = pyjwt_generates()
    theirs = write("theirs.jwk", public_of(jwk))
    made = claims(jwk)
    refused("BADGE_SIGNATURE_INVALID", "--key", theirs, jwt.encode(made, Ed25519PrivateKey.generate(), algorithm="EdDSA"))
    refused("BADGE_MALFORMED", "--key", theirs, jwt.encode(made, None, algorithm="none"))
    # PyJWT refuses a JWK's text as a secret, so this token is made by hand.
    refused("BADGE_MALFORMED", "--key", theirs, jwt.encode(made, unb64(jwk["x"]), algorithm="HS256"))
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, made))
    mac = hmac.digest(json.dumps(public_of(jwk)).encode(), signed.encode(), "sha256")
    refused("BADGE_MALFORMED", "--key", theirs, f"{signed}.{b64(mac)}")
    expired = made | {"iat": made["iat"] - 200, "exp": made["iat"] - 100}
    refused("BADGE_EXPIRED", "--key", theirs, jwt.encode(expired, key, algorithm="EdDSA"))
    refused("BADGE_CLAIMS_INVALID", "--key", theirs, jwt.encode(made | {"aud": "b"}, key, algorithm="EdDSA"))


def we_load_pyjwts():
    key, jwk = pyjwt_generates()
    pyjwt_decode(issue(write("pyjwt.jwk", jwk)), key.public_key())


def pyjwt_loads_ours():
    key = OKPAlgorithm.from_jwk(read_json("private.jwk"))
    token = jwt.encode(claims(read_json("public.jwk")), key, algorithm="EdDSA")
    assert verified(token, read_json("public.jwk"))["valid"] is True


# joserfc


def joserfc_decode(token, key):
    found = joserfc_jwt.decode(token, key, algorithms=["EdDSA"])
    needed = {"essential": True}
    rules = joserfc_jwt.JWTClaimsRegistry(exp=needed, iat=needed, jti=needed, iss={"value": ISSUER}, aud={"value": "b"})
    rules.validate(found.claims)
    return found


def joserfc_encode(made, key):
    return joserfc_jwt.encode({"alg": "EdDSA", "typ": "JWT"}, made, key, algorithms=["EdDSA"])


def joserfc_verifies_ours():
    found = joserfc_decode(issue("private.jwk"), OKPKey.import_key(read_json("public.jwk")))
    assert found.header["alg"] == "EdDSA" and found.claims["sub"] == SUBJECT, found.header


def joserfc_finds_the_key_of_ours():
    other = OKPKey.generate_key("Ed25519", {"kid": "other"}, private=False)
    joserfc_decode(issue("private.jwk"), KeySet([other, OKPKey.import_key(read_json("public.jwk"))]))


def joserfc_refuses_ours_changed():
    key = OKPKey.import_key(read_json("public.jwk"))
    raises(joserfc_errors.BadSignatureError, joserfc_decode, tampered(issue("private.jwk")), key)


def we_verify_joserfcs():
    key = OKPKey.generate_key("Ed25519")
    jwk = key.as_dict(private=False)
    assert verified(joserfc_encode(claims(jwk), key), jwk)["sub"] == SUBJECT


def we_refuse_joserfcs_other_forms():
    key = OKPKey.generate_key("Ed25519")
    theirs = write("theirs.jwk", key.as_dict(private=False))
    made = claims(key.as_dict(private=False))
    member = {"protected": {"alg": "EdDSA"}}
    for form in (member, [member, member]):
        general = joserfc_jws.serialize_json(form, json.dumps(made), key, algorithms=["EdDSA"])
        refused("BADGE_MALFORMED", "--key", theirs, json.dumps(general))
    fully_specified = joserfc_jwt.encode({"alg": "Ed25519"}, made, key, algorithms=["Ed25519"])
    refused("BADGE_MALFORMED", "--key", theirs, fully_specified)


def we_load_joserfcs():
    for more in ({}, {"kid": "k 1", "use": "sig", "alg": "EdDSA"}, {"alg": "Ed25519", "key_ops": ["sign"]}):
        key = OKPKey.generate_key("Ed25519", more)
        token = issue(write("joserfc.jwk", key.as_dict(private=True)))
        bare = OKPKey.import_key({name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x")})
        kid = key.as_dict().get("kid", "did:key:z")
        assert joserfc_decode(token, bare).header["kid"].startswith(kid), more


def joserfc_loads_ours():
    key = OKPKey.import_key(read_json("private.jwk"))
    assert key.is_private
    token = joserfc_encode(claims(read_json("public.jwk")), key)
    assert verified(token, read_json("public.jwk"))["valid"] is True


def joserfc_loads_the_output_of_key_public():
    printed = json.loads(capiscio("key", "public", "--key", "private.jwk"))
    assert printed == read_json("public.jwk") and not OKPKey.import_key(printed).is_private


# cryptography: only Ed25519, the rest by hand


def raw(part):
    return {"encoding": serialization.Encoding.Raw, "format": part}


def by_hand(made, key):
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "typ": "JWT"}, made))
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def jwk_by_hand(key):
    public = key.public_key().public_bytes(**raw(serialization.PublicFormat.Raw))
    private = key.private_bytes(**raw(serialization.PrivateFormat.Raw), encryption_algorithm=serialization.NoEncryption())
    return {"kty": "OKP", "crv": "Ed25519", "d": b64(private), "x": b64(public)}


def cryptography_verifies_ours():
    key = Ed25519PublicKey.from_public_bytes(unb64(read_json("public.jwk")["x"]))
    for more in ((), ("--self-sign",), ("--exp", "24h", "--level", "4")):
        signed, signature = issue("private.jwk", *more).rsplit(".", 1)
        key.verify(unb64(signature), signed.encode())
        raises(InvalidSignature, key.verify, unb64(signature), signed[:-1].encode())


def we_verify_cryptographys():
    key = Ed25519PrivateKey.generate()
    jwk = jwk_by_hand(key)
    assert verified(by_hand(claims(jwk), key), public_of(jwk))["valid"] is True


def we_load_cryptographys():
    for with_x in (True, False):
        key = Ed25519PrivateKey.generate()
        jwk = jwk_by_hand(key)
        name = write("cryptography.jwk", {member: jwk[member] for member in jwk if with_x or member != "x"})
        signed, signature = issue(name).rsplit(".", 1)
        key.public_key().verify(unb64(signature), signed.encode())
        assert json.loads(capiscio("key", "public", "--key", name))["x"] == jwk["x"]


def cryptography_loads_ours():
    ours = read_json("private.jwk")
    key = Ed25519PrivateKey.from_private_bytes(unb64(ours["d"]))
    assert jwk_by_hand(key) == {name: ours[name] for name in ("kty", "crv", "d", "x")}
    # Ed25519 signatures are deterministic (RFC 8032): the same key and bytes give the same signature.
    signed, signature = issue("private.jwk").rsplit(".", 1)
    assert b64(key.sign(signed.encode())) == signature


def did_keys_agree():
    digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    for _ in range(20):
        jwk = jwk_by_hand(Ed25519PrivateKey.generate())
        number, text = int.from_bytes(b"\xed\x01" + unb64(jwk["x"]), "big"), ""
        while number:
            number, digit = divmod(number, 58)
            text = digits[digit] + text
        did = capiscio("key", "public", "--did", "--key", write("cryptography.jwk", jwk)).strip()
        assert did == f"did:key:z{text}", did


def converted(name, pem):
    """Runs the line of README.md that converts NAME.pem into NAME.jwk."""
    write(f"{name}.pem", pem)
    with open(README) as readme:
        line = next(line for line in readme if line.startswith("(set -eC;") and f"{name}.pem" in line)
    subprocess.run(["sh", "-c", line], check=True, timeout=30)
    return f"{name}.jwk"


def the_conversion_command_for_a_pem_key_works():
    key = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    os.rename("private.jwk", "ours.jwk")
    try:
        name = converted("private", pem)
        signed, signature = issue(name).rsplit(".", 1)
        assert os.stat(name).st_mode & 0o777 == 0o600
        key.public_key().verify(unb64(signature), signed.encode())
    finally:
        os.rename("ours.jwk", "private.jwk")


def the_conversion_command_for_a_public_pem_key_works():
    key = Ed25519PrivateKey.generate()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    os.rename("public.jwk", "ours.jwk")
    try:
        token = by_hand(claims(jwk_by_hand(key)), key)
        name = converted("public", pem)
        capiscio("badge", "verify", "--key", name, token)
    finally:
        os.rename("ours.jwk", "public.jwk")


def main():
    capiscio("key", "gen")
    name = f"PyJWT {version('PyJWT')}"
    check(f"{name} verifies our badge with our public JWK", pyjwt_verifies_ours)
    check(f"{name} finds our key in a JWK Set by the badge's kid", pyjwt_finds_the_key_of_ours)
    check(f"{name} refuses our badge with changed claims or another audience", pyjwt_refuses_ours_changed)
    check(f"we verify a badge that {name} signed", we_verify_pyjwts)
    check(f"we refuse forgeries made with {name}: another key, none, HS256 with the public key", we_refuse_pyjwts_forgeries)
    check(f"{name} verifies our badge signed with its private JWK", we_load_pyjwts)
    check(f"{name} loads our private JWK and signs a badge that we verify", pyjwt_loads_ours)
    name = f"joserfc {version('joserfc')}"
    check(f"{name} verifies our badge with our public JWK", joserfc_verifies_ours)
    check(f"{name} finds our key in a JWK Set by the badge's kid", joserfc_finds_the_key_of_ours)
    check(f"{name} refuses our badge with changed claims", joserfc_refuses_ours_changed)
    check(f"we verify a badge that {name} signed", we_verify_joserfcs)
    check(f"we refuse the JWS JSON forms and the alg Ed25519 of {name}", we_refuse_joserfcs_other_forms)
    check(f"we sign with private JWKs of {name}, with and without kid, use, alg and key_ops", we_load_joserfcs)
    check(f"{name} loads our private JWK and signs a badge that we verify", joserfc_loads_ours)
    check(f"{name} loads the output of key public, which holds no private key", joserfc_loads_the_output_of_key_public)
    name = f"cryptography {version('cryptography')}"
    check(f"{name} verifies the signatures of our badges", cryptography_verifies_ours)
    check(f"we verify a badge signed by hand with {name}", we_verify_cryptographys)
    check(f"we sign with a JWK made by hand with {name}, with or without x", we_load_cryptographys)
    check(f"{name} derives the same public key and makes the same signature from our private JWK", cryptography_loads_ours)
    check("our did:key of a key equals one computed by hand", did_keys_agree)
    check(f"the conversion command in our error for a PEM key works for one of {name}", the_conversion_command_for_a_pem_key_works)
    check("and so does the command for a public PEM key", the_conversion_command_for_a_public_pem_key_works)


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    main()
    os.chdir("/")
