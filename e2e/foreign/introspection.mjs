// Opaque tokens, about which the server asks the provider (RFC 7662).
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { eventually } from "./checks.mjs";
import { byOwner, byScope } from "./pair.mjs";

// A positive answer may be kept for 30 seconds.
const kept = 30;

// settings writes the configuration file of a server that introspects, and returns the
// flags that name it.
export function settings(mode, { issuer, introspection }) {
  const base = `${process.env.WORK}/${mode}`;
  writeFileSync(`${base}.secret`, introspection.secret, { mode: 0o600 });
  const entry = { url: issuer, mode, introspection: { url: introspection.url, "client-id": introspection.id, "client-secret-file": `${base}.secret` } };
  writeFileSync(`${base}.yaml`, JSON.stringify({ issuer: [entry] })); // JSON is YAML
  return ["--config", `${base}.yaml`];
}

// opaque lets somebody use the tools with an opaque token, presents others, and revokes
// it in the end.
export async function opaque(pair, otherResource) {
  const { provider } = pair;
  provider.format = "opaque";
  const user = await pair.check("a user signs in and gets an opaque token", async () => {
    const tokens = await pair.signIn("user");
    assert.equal(tokens.access.split(".").length, 1);
    return tokens;
  });
  await pair.check("roles hold", () => useTools(pair, user));
  await pair.check("its refresh token is refused", () => pair.refused(user.refresh, "not_an_access_token"));
  await pair.check("an opaque token for another resource is refused", async () => {
    const other = await pair.signIn("user", { resource: otherResource });
    await pair.refused(other.access, "invalid_audience");
  });
  await pair.check("a token nobody issued is refused", () => pair.refused("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "invalid_token"));
  await pair.check(`a revoked token is refused within ${kept} s`, async () => {
    await pair.list(user);
    await pair.client.revoke(user.access);
    await eventually(kept + 2, () => pair.tryList(user), (answer) => answer.status === 401);
  });
}

async function useTools(pair, user) {
  const created = await pair.call(user, "create-todo", { content: "milk" }, byScope("create:todos"));
  const { id, ownerId } = created.body.result.structuredContent;
  assert.equal(ownerId, user.subject);
  assert.deepEqual((await pair.list(user)).map((todo) => todo.id), [id]);
  await pair.call(user, "delete-todo", { id }, byOwner);
  assert.deepEqual(await pair.list(user), []);
}

// signed presents a JWT, which this provider does not introspect. It returns the tokens.
export async function signed(pair, mode) {
  pair.provider.format = "jwt";
  const tokens = await pair.signIn("user");
  pair.provider.format = "opaque";
  if (mode === "auto") {
    await pair.check("a JWT is accepted beside opaque tokens", () => pair.list(tokens));
  } else {
    await pair.check("a JWT that the provider does not introspect is refused", () => pair.refused(tokens.access, "invalid_token"));
  }
  return tokens;
}

// unreachable takes the introspection endpoint away. JWTs need it only where they are
// introspected.
export async function unreachable(pair, mode, jwt) {
  const { provider } = pair;
  const fresh = await pair.signIn("user");
  await provider.stop();
  await pair.check("provider down: an opaque token gets 503 with Retry-After", () => pair.unavailable(fresh.access));
  if (mode === "auto") await pair.check("provider down: a JWT is accepted", () => pair.list(jwt));
  await provider.start();
  await pair.check("provider back: it is accepted without a restart", () =>
    eventually(10, () => pair.tryList(fresh), (answer) => answer.status === 200));
}
