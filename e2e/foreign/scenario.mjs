// What every provider must do with the server: discovery, roles, refusals.
import assert from "node:assert/strict";
import { claimsOf, Client, discover, send } from "./client.mjs";
import { byOwner, byScope, denied, todoScopes } from "./pair.mjs";

const legacy = "2025-11-25";

// connect goes from the endpoint's address alone to a registered client.
export async function connect(pair) {
  const { provider, server } = pair;
  const found = await pair.check("the endpoint leads to the provider's metadata", async () => {
    const found = await discover(server.endpoint);
    assert.equal(found.status, 401);
    assert.equal(found.challenge.error, undefined);
    assert.equal(found.challenge.scope, todoScopes);
    assert.equal(found.resource.resource, server.endpoint);
    assert.deepEqual(found.resource.authorization_servers, [provider.issuer]);
    assert.equal(found.server.issuer, provider.issuer);
    return found;
  });
  pair.client = await pair.check("a client registers itself", () => Client.register(found.server));
}

// roles lets two people use the three tools. It returns the tokens of the one
// who is no admin.
export async function roles(pair) {
  const user = await pair.check("a user signs in", () => pair.signIn("user"));
  const admin = await pair.check("an admin signs in, for reading only", () => pair.signIn("admin", { scope: "read:todos" }));
  await pair.check("tokens name this resource and are typed as access tokens", () => {
    for (const { access } of [user, admin]) {
      const { header, claims } = claimsOf(access);
      assert.equal(header.typ.toLowerCase(), "at+jwt");
      assert.ok([claims.aud].flat().includes(pair.server.endpoint), `aud is ${claims.aud}`);
    }
  });
  await pair.check("both revisions of the protocol find the three tools", () => eras(pair, user.access));
  await pair.check("an admin who asked for reading only gets 403 and learns what to ask for", () => tooNarrow(pair, admin));
  const all = await pair.check("the admin signs in again with all scopes", () => pair.signIn("admin"));
  await pair.check("roles and ownership decide", () => useTools(pair, user, all));
  await pair.check("a refreshed token is accepted, and the refresh token itself is not", async () => {
    const refreshed = await pair.client.refresh(user, pair.server.endpoint);
    assert.notEqual(refreshed.access, user.access);
    await pair.list({ ...refreshed, subject: user.subject });
    await pair.refused(refreshed.refresh ?? user.refresh, "not_a_jwt");
  });
  return user;
}

async function eras({ server }, token) {
  const params = { protocolVersion: legacy, capabilities: {}, clientInfo: { name: "foreign", version: "1" } };
  const initialized = await send(server.endpoint, token, "initialize", params, legacy);
  assert.equal(initialized.body.result?.protocolVersion, legacy, JSON.stringify(initialized.body));
  const discovered = await send(server.endpoint, token, "server/discover");
  assert.ok(discovered.body.result?.supportedVersions.includes("2026-07-28"), JSON.stringify(discovered.body));
  for (const revision of [legacy, "2026-07-28"]) {
    const { body } = await send(server.endpoint, token, "tools/list", {}, revision);
    assert.deepEqual(body.result.tools.map((tool) => tool.name).sort(), ["create-todo", "delete-todo", "get-todos"]);
  }
}

async function tooNarrow(pair, reader) {
  const answer = await pair.call(reader, "create-todo", { content: "not allowed" }, denied("missing_scope"));
  assert.equal(answer.status, 403);
  assert.equal(answer.body.error, "insufficient_scope");
  assert.equal(answer.body.scope, "create:todos read:todos");
  assert.match(answer.headers.get("www-authenticate"), /error="insufficient_scope".*scope="create:todos read:todos"/);
}

async function useTools(pair, user, admin) {
  const create = async (person, content, revision) => {
    const { body } = await pair.call(person, "create-todo", { content }, byScope("create:todos"), revision);
    const todo = body.result?.structuredContent;
    assert.deepEqual([todo?.content, todo?.ownerId], [content, person.subject], JSON.stringify(body));
    return todo.id;
  };
  const remove = async (person, id, row, revision) => {
    const { body } = await pair.call(person, "delete-todo", { id }, row, revision);
    const text = JSON.parse(body.result.content[0].text);
    if (row.decision === "allow") assert.equal(text.message, `Todo ${id} deleted`);
    else assert.deepEqual([body.result.isError, text], [true, { error: "Failed to delete todo" }]);
  };
  const ids = (todos) => todos.map((todo) => todo.id);

  const milk = await create(user, "milk", legacy);
  const bread = await create(user, "bread");
  const rent = await create(admin, "rent");
  assert.deepEqual(ids(await pair.list(user)), [milk, bread]);
  const all = await pair.call(admin, "get-todos", {}, byScope("read:todos"), legacy);
  assert.deepEqual(ids(all.body.result.structuredContent.todos), [milk, bread, rent]);

  await remove(user, rent, denied("not_owner"));
  await remove(user, "aaaaaaaaaaaaa", denied("not_found"), legacy);
  await remove(user, milk, byOwner, legacy);
  await remove(admin, bread, byScope("delete:todos"));
  await remove(admin, rent, byOwner);
  assert.deepEqual(await pair.list(user), []);
}

// refusals presents what the provider signed or issued for another purpose.
export async function refusals(pair, user, otherResource) {
  const { provider } = pair;
  const kinds = { not_a_jwt: "opaque", invalid_audience: "for the scopes alone" };
  await pair.check("a token for another resource is refused", async () => {
    const other = await pair.signIn("user", { resource: otherResource });
    await pair.refused(other.access, "invalid_audience");
  });
  await pair.check(`a token asked for without a resource is ${kinds[provider.withoutResource]}, and its refusal says what to ask for`, async () => {
    const without = await pair.signIn("user", { resource: "" });
    assert.match(await pair.refused(without.access, provider.withoutResource), /resource/);
  });
  await pair.check("an ID token is refused", () => pair.refused(user.id, "not_an_access_token"));
  await pair.check("a token with another person's claims is refused", () => {
    const [header, , signature] = user.access.split(".");
    const { claims } = claimsOf(user.access);
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: "admin", scope: todoScopes })).toString("base64url");
    return pair.refused(`${header}.${forged}.${signature}`, "invalid_token");
  });
}

// algorithms signs in once for each algorithm that the provider can sign with.
export async function algorithms(pair) {
  const { provider } = pair;
  for (const algorithm of provider.algorithms ?? []) {
    await pair.check(`${algorithm} is accepted`, async () => {
      provider.algorithm = algorithm;
      const tokens = await pair.signIn("user");
      assert.equal(claimsOf(tokens.access).header.alg, algorithm);
      assert.deepEqual(await pair.list(tokens), []);
    });
  }
}
