// Exchanges badges and keys between the program in CAPISCIO_BINARY and jose (npm) or node's WebCrypto. Prints a line per check.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID, webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jose from "jose";

const binary = process.env.CAPISCIO_BINARY;
const subject = "did:web:agent.example.com";
const issuer = "https://registry.capisc.io";
const audience = ["https://a.example", "b"];
const scratch = mkdtempSync(join(tmpdir(), "capiscio-interop-"));

function run(...args) {
  return spawnSync(binary, args, { cwd: scratch, env: {}, encoding: "utf8", timeout: 30_000 });
}

/** Runs the program and returns its stdout; throws unless the exit status is 0. */
function capiscio(...args) {
  const done = run(...args);
  assert.equal(done.status, 0, done.stdout + done.stderr);
  return done.stdout;
}

function refused(code, ...args) {
  const done = run("badge", "verify", ...args);
  assert.deepEqual([done.status, done.stdout.split(":")[0]], [1, code]);
}

function write(name, content) {
  writeFileSync(join(scratch, name), JSON.stringify(content), { mode: 0o600 });
  return name;
}

const read = (name) => JSON.parse(readFileSync(join(scratch, name), "utf8"));

function issue(key, ...more) {
  const names = ["--domain", "agent.example.com", "--aud", audience.join(",")];
  if (!more.includes("--self-sign")) names.push("--sub", subject);
  return capiscio("badge", "issue", "--key", key, ...names, ...more).trim();
}

function verified(token, jwk) {
  return JSON.parse(capiscio("badge", "verify", "--json", "--key", write("theirs.jwk", jwk), "--audience", "b", token));
}

/** An unsigned badge of another issuer. */
function badge({ kty, crv, x }, changes = {}) {
  const now = Math.floor(Date.now() / 1000);
  const credentialSubject = { domain: "agent.example.com", level: "1" };
  return new jose.SignJWT({
    jti: randomUUID(),
    iss: issuer,
    sub: subject,
    aud: audience,
    iat: now,
    exp: now + 300,
    ial: "0",
    key: { kty, crv, x },
    vc: { type: ["VerifiableCredential", "AgentIdentity"], credentialSubject },
    ...changes,
  });
}

const protectedHeader = { alg: "EdDSA", typ: "JWT" };
const rules = { issuer, subject, audience: "b", typ: "JWT", algorithms: ["EdDSA"], requiredClaims: ["jti", "iat", "exp"] };

async function generated() {
  const pair = await jose.generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...pair, privateJwk: await jose.exportJWK(pair.privateKey), publicJwk: await jose.exportJWK(pair.publicKey) };
}

async function webCryptos() {
  const pair = await webcrypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const exported = (key) => webcrypto.subtle.exportKey("jwk", key);
  return { privateJwk: await exported(pair.privateKey), publicJwk: await exported(pair.publicKey), ...pair };
}

async function check(what, action) {
  try {
    await action();
    console.log(`ok      ${what}`);
  } catch (error) {
    console.log(`FAILED  ${what}\n        ${error}`);
  }
}

const name = `jose ${JSON.parse(readFileSync(new URL("node_modules/jose/package.json", import.meta.url), "utf8")).version}`;
capiscio("key", "gen");

await check(`${name} verifies our badge with our public JWK`, async () => {
  const key = await jose.importJWK(read("public.jwk"));
  const { payload, protectedHeader: header } = await jose.jwtVerify(issue("private.jwk"), key, rules);
  assert.equal(payload.exp - payload.iat, 3600);
  assert.equal(header.kid, read("public.jwk").kid);
});

await check(`${name} finds our key in a JWK Set by the badge's kid`, async () => {
  const other = { ...(await generated()).publicJwk, kid: "other" };
  await jose.jwtVerify(issue("private.jwk"), jose.createLocalJWKSet({ keys: [other, read("public.jwk")] }), rules);
});

await check(`${name} verifies our self-signed badge by the key in its claims`, async () => {
  const token = issue("private.jwk", "--self-sign");
  const { key, iss, sub } = jose.decodeJwt(token);
  assert.deepEqual([iss, sub], [read("public.jwk").kid, read("public.jwk").kid]);
  await jose.jwtVerify(token, await jose.importJWK(key, "EdDSA"), { audience: "b", algorithms: ["EdDSA"] });
});

await check(`${name} refuses our badge with another key, another audience or changed claims`, async () => {
  const [header, payload, signature] = issue("private.jwk").split(".");
  const token = [header, payload, signature].join(".");
  const key = await jose.importJWK(read("public.jwk"));
  const other = (await generated()).publicKey;
  await assert.rejects(jose.jwtVerify(token, other, rules), jose.errors.JWSSignatureVerificationFailed);
  await assert.rejects(jose.jwtVerify(token, key, { ...rules, audience: "c" }), jose.errors.JWTClaimValidationFailed);
  const changed = jose.base64url.encode(JSON.stringify({ ...jose.decodeJwt(token), exp: 253402300799 }));
  await assert.rejects(jose.jwtVerify([header, changed, signature].join("."), key), jose.errors.JWSSignatureVerificationFailed);
});

await check(`we verify a badge that ${name} signed`, async () => {
  const { privateKey, publicJwk } = await generated();
  const token = await badge(publicJwk).setProtectedHeader(protectedHeader).sign(privateKey);
  const found = verified(token, publicJwk);
  assert.deepEqual([found.valid, found.sub, found.aud], [true, subject, audience]);
});

await check(`we refuse forgeries made with ${name}: none, HS256, embedded key, another key, extensions`, async () => {
  const { privateKey, publicJwk } = await generated();
  const other = await generated();
  const key = write("theirs.jwk", publicJwk);
  const made = badge(publicJwk);
  const embedded = { ...protectedHeader, jwk: other.publicJwk, jku: "https://attacker.example", x5c: ["AA"] };
  const now = Math.floor(Date.now() / 1000);
  const unsecured = new jose.UnsecuredJWT(jose.decodeJwt(await made.setProtectedHeader(protectedHeader).sign(privateKey)));
  refused("BADGE_MALFORMED", "--key", key, unsecured.encode());
  const secret = jose.base64url.decode(publicJwk.x);
  refused("BADGE_MALFORMED", "--key", key, await badge(publicJwk).setProtectedHeader({ alg: "HS256" }).sign(secret));
  refused("BADGE_SIGNATURE_INVALID", "--key", key, await badge(publicJwk).setProtectedHeader(embedded).sign(other.privateKey));
  const critical = { ...protectedHeader, crit: ["http://example.com"], "http://example.com": true };
  const options = { crit: { "http://example.com": true } };
  refused("BADGE_MALFORMED", "--key", key, await badge(publicJwk).setProtectedHeader(critical).sign(privateKey, options));
  const late = badge(publicJwk, { nbf: now + 1000 }).setProtectedHeader(protectedHeader);
  refused("BADGE_NOT_YET_VALID", "--key", key, await late.sign(privateKey));
});

await check(`${name} verifies our badge signed with its private JWK`, async () => {
  const { privateJwk, publicKey } = await generated();
  await jose.jwtVerify(issue(write("jose.jwk", privateJwk)), publicKey, rules);
});

await check(`${name} loads our private JWK and signs a badge that we verify`, async () => {
  const key = await jose.importJWK(read("private.jwk"));
  const token = await badge(read("public.jwk")).setProtectedHeader(protectedHeader).sign(key);
  assert.equal(verified(token, read("public.jwk")).valid, true);
});

await check("WebCrypto verifies our badge signed with its exported private JWK (ext, key_ops)", async () => {
  const { privateJwk, publicKey } = await webCryptos();
  assert.deepEqual(privateJwk.key_ops, ["sign"]);
  const [header, payload, signature] = issue(write("webcrypto.jwk", privateJwk)).split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  assert.ok(await webcrypto.subtle.verify("Ed25519", publicKey, jose.base64url.decode(signature), signed));
});

await check("we verify a badge of WebCrypto with its exported public JWK", async () => {
  const { privateKey, publicJwk } = await webCryptos();
  const token = await badge(publicJwk).setProtectedHeader(protectedHeader).sign(privateKey);
  assert.equal(verified(token, publicJwk).valid, true);
});

await check("WebCrypto loads our private and public JWK", async () => {
  for (const [file, use] of [["private.jwk", "sign"], ["public.jwk", "verify"]]) {
    // WebCrypto calls the algorithm Ed25519 (RFC 9864) and refuses a JWK with EdDSA in some versions.
    const { alg, ...jwk } = read(file);
    assert.equal(alg, "EdDSA");
    await webcrypto.subtle.importKey("jwk", jwk, "Ed25519", false, [use]);
  }
});

rmSync(scratch, { recursive: true });
