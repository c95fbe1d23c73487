"""PyJWT, joserfc and cryptography against the program in CAPISCIO_BINARY, both ways. One line for each check."""

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
SUBJECT = "did:web:agent.example.com"
ISSUER = "https://registry.capisc.io"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def capiscio(*words):
    """The program's stdout; anything but exit code 0 is an error."""
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, env={}, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def refused(code, *words):
    done = subprocess.run([BINARY, "badge", "verify", *words], capture_output=True, text=True, env={}, timeout=30)
    assert (done.returncode, done.stdout.split(":")[0]) == (1, code), done


def write(name, content):
    with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
    return name


def read_json(name):
    with open(name) as file:
        return json.load(file)


def claims(public, **changes):
    """A badge's claims, as another issuer makes them."""
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
    """What `badge verify` says of a badge under this public JWK."""
    answer = capiscio("badge", "verify", "--json", "--key", write("theirs.jwk", public), "--audience", "b", token)
    return json.loads(answer)


def tampered(token):
    header, payload, signature = token.split(".")
    changed = json.loads(unb64(payload)) | {"exp": 253402300799}
    return f"{header}.{b64(json.dumps(changed).encode())}.{signature}"


def raises(error, action, *words, **more):
    try:
        action(*words, **more)
    except error:
        return
    raise AssertionError(f"it is accepted, and should raise {error}")


def check(sentence, action):
    try:
        action()
        print("ok     ", sentence, flush=True)
    except Exception as error:
        print("FAILED ", sentence, flush=True)
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
    # PyJWT itself refuses a JWK's text as a secret, so that one is done by hand.
    refused("BADGE_MALFORMED", "--key", theirs, jwt.encode(made, unb64(jwk["x"]), algorithm="HS256"))
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, made))
    mac = hmac.digest(json.dumps(public_of(jwk)).encode(), signed.encode(), "sha256")
    refused("BADGE_MALFORMED", "--key", theirs, f"{signed}.{b64(mac)}")
    refused("BADGE_EXPIRED", "--key", theirs, jwt.encode(made | {"exp": made["iat"] - 100}, key, algorithm="EdDSA"))
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
        assert joserfc_decode(token, bare).header.get("kid") == key.as_dict().get("kid"), more


def joserfc_loads_ours():
    key = OKPKey.import_key(read_json("private.jwk"))
    assert key.is_private
    token = joserfc_encode(claims(read_json("public.jwk")), key)
    assert verified(token, read_json("public.jwk"))["valid"] is True


def joserfc_refuses_nothing_that_key_public_prints():
    printed = json.loads(capiscio("key", "public", "--key", "private.jwk"))
    assert printed == read_json("public.jwk") and not OKPKey.import_key(printed).is_private


# cryptography: Ed25519 alone, everything else by hand


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
    # RFC 8032 signatures are deterministic: the same key and the same bytes give the same text.
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


def converted(command, key, pem, target):
    """Runs the line that a refusal of this PEM key offers."""
    write(key, pem)
    done = subprocess.run([BINARY, *command, "--key", key], capture_output=True, text=True, env={}, timeout=30)
    assert done.returncode != 0 and "is converted by: " in done.stderr, done
    line = done.stderr.split("is converted by: ", 1)[1].splitlines()[0]
    subprocess.run(["sh", "-c", line], check=True, timeout=30)
    return target


def the_line_that_converts_a_pem_key_works():
    key = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    os.rename("private.jwk", "ours.jwk")
    try:
        name = converted(["badge", "issue"], "a key.pem", pem, "private.jwk")
        signed, signature = issue(name).rsplit(".", 1)
        assert os.stat(name).st_mode & 0o777 == 0o600
        key.public_key().verify(unb64(signature), signed.encode())
    finally:
        os.rename("ours.jwk", "private.jwk")


def the_line_that_converts_a_public_pem_key_works():
    key = Ed25519PrivateKey.generate()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    os.rename("public.jwk", "ours.jwk")
    try:
        token = by_hand(claims(jwk_by_hand(key)), key)
        name = converted(["badge", "verify", token], "a public key.pem", pem, "public.jwk")
        capiscio("badge", "verify", "--key", name, token)
    finally:
        os.rename("ours.jwk", "public.jwk")


def main():
    capiscio("key", "gen")
    name = f"PyJWT {version('PyJWT')}"
    check(f"{name} verifies a badge of ours with our public JWK", pyjwt_verifies_ours)
    check(f"{name} finds our key in a set by the badge's kid", pyjwt_finds_the_key_of_ours)
    check(f"{name} refuses a badge of ours that was changed or is for others", pyjwt_refuses_ours_changed)
    check(f"a badge that {name} signed is verified", we_verify_pyjwts)
    check(f"forgeries made with {name} are refused: another key, none, HS256 with the public key", we_refuse_pyjwts_forgeries)
    check(f"a private JWK of {name} signs badges that it verifies", we_load_pyjwts)
    check(f"{name} loads our private JWK and signs what we verify", pyjwt_loads_ours)
    name = f"joserfc {version('joserfc')}"
    check(f"{name} verifies a badge of ours with our public JWK", joserfc_verifies_ours)
    check(f"{name} finds our key in a set by the badge's kid", joserfc_finds_the_key_of_ours)
    check(f"{name} refuses a badge of ours that was changed", joserfc_refuses_ours_changed)
    check(f"a badge that {name} signed is verified", we_verify_joserfcs)
    check(f"JSON forms of a JWS and the alg Ed25519 of {name} are refused", we_refuse_joserfcs_other_forms)
    check(f"private JWKs of {name}, with and without kid, use, alg and key_ops, sign badges", we_load_joserfcs)
    check(f"{name} loads our private JWK and signs what we verify", joserfc_loads_ours)
    check(f"{name} loads what key public prints, and it is no private key", joserfc_refuses_nothing_that_key_public_prints)
    name = f"cryptography {version('cryptography')}"
    check(f"{name} verifies the signatures of our badges", cryptography_verifies_ours)
    check(f"a badge signed by hand with {name} is verified", we_verify_cryptographys)
    check(f"a JWK made by hand with {name}, with or without x, signs badges", we_load_cryptographys)
    check(f"{name} derives the same public key and makes the same signature from our private JWK", cryptography_loads_ours)
    check("the did:key of a key is the one computed by hand", did_keys_agree)
    check(f"the line that a refusal of a PEM key offers converts the one of {name}", the_line_that_converts_a_pem_key_works)
    check("so does the line for a public PEM key", the_line_that_converts_a_public_pem_key_works)


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    main()
    os.chdir("/")
