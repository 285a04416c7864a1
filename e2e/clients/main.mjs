// The TypeScript SDKs and mcp-remote, each from discovery to stepping up, against the
// development server. It prints a line a check and a table of clients, steps and results.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as v2 from "@modelcontextprotocol/client";
import { UnauthorizedError as Unauthorized1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { byOwner, byScope, called, denied, id, scenario } from "../checks.mjs";
import { callback, Client as Registration, discover } from "../foreign/client.mjs";
import { OIDCProvider } from "../foreign/oidc-provider.mjs";
import { Server } from "../foreign/server.mjs";
import { Person } from "./person.mjs";
import { remote } from "./remote.mjs";

const require = createRequire(import.meta.url);
const version = (name) => {
  const [path] = require.resolve.paths(name).map((folder) => `${folder}/${name}/package.json`).filter((path) => { try { return require(path); } catch { return false; } });
  return require(path).version;
};
const endpoint = new URL(process.env.SERVER_URL);
const info = { name: "e2e", version: "1" };

const typescript2 = (mode, at = endpoint) => ({
  revision: mode ? "2026-07-28" : "2025-11-25",
  spoken: ({ client }) => client.getNegotiatedProtocolVersion(),
  open: (authProvider) => {
    const transport = new v2.StreamableHTTPClientTransport(at, { authProvider });
    return { transport, client: new v2.Client(info, mode && { versionNegotiation: { mode } }), finish: (params) => transport.finishAuth(params) };
  },
  refused: (error) => error instanceof v2.UnauthorizedError,
});
const typescript1 = {
  revision: "2025-11-25",
  spoken: ({ transport }) => transport.protocolVersion,
  open: (authProvider) => {
    const transport = new Transport1(endpoint, { authProvider });
    return { transport, client: new Client1(info), finish: (params) => transport.finishAuth(params.get("code")) };
  },
  refused: (error) => error instanceof Unauthorized1,
  // With a refresh token this SDK refreshes where it should ask for more, and gives up.
  // What programs do then is to forget the token.
  gaveUp: (error) => error.code === 403,
};

const steps = ["discovery and registration", "sign-in", "three tools", "refresh", "step-up", "keeps what it had"];
const table = new Map(); // name → results

// session is a person's connection through a client, which signs in when it must.
class Session {
  constructor(kind, person) {
    Object.assign(this, { kind, person, tries: 0 });
  }

  async connect() {
    this.current = this.kind.open(this.person);
    try {
      await this.current.client.connect(this.current.transport);
    } catch (error) {
      if (!this.kind.refused(error)) throw error;
      await this.current.finish(await this.person.consent());
      this.current = this.kind.open(this.person);
      await this.current.client.connect(this.current.transport);
    }
  }

  // speaks checks that the protocol is the one that the table says.
  speaks() { assert.equal(this.kind.spoken(this.current), this.kind.revision); }

  // noted writes down a call of this client that reached the server.
  noted(tool, row) { called(this.person.name, tool, { ...row, client_id: this.person.client.client_id }); }

  // call returns a tool's result, going through consent if the client is sent there.
  async call(name, args) {
    const once = () => this.current.client.callTool({ name, arguments: args });
    try {
      return await once();
    } catch (error) {
      if (this.kind.gaveUp?.(error)) {
        await this.close();
        this.person.saved = { ...this.person.saved, refresh_token: undefined };
        await this.connect();
        this.tries++;
        return this.call(name, args);
      }
      if (!this.kind.refused(error)) throw error;
      await this.current.finish(await this.person.consent());
      return once();
    }
  }

  close() { return this.current.client.close(); }
}

async function play(name, label, open) {
  const results = new Map();
  table.set(label, results);
  await scenario(name, async (check) => {
    const step = async (index, body) => {
      results.set(steps[index], "**failed**");
      const value = await check(steps[index], body);
      results.set(steps[index], "ok");
      return value;
    };
    await open(step);
  });
}

async function withSDK(kind, step) {
  const alice = new Person("alice");
  const session = new Session(kind, alice);
  await step(0, async () => {
    await session.connect();
    session.speaks();
    assert.ok(alice.client.client_id);
    assert.equal(alice.asked.length, 1);
    assert.match(alice.asked[0], /^create:todos read:todos delete:todos/);
  });
  await step(1, () => assert.equal(alice.saved.scope, "create:todos"));
  await step(2, () => threeTools(session));
  await step(3, async () => {
    alice.expire();
    const before = alice.saved.access_token;
    await session.call("get-todos", {});
    session.noted("get-todos", byOwner);
    assert.notEqual(alice.saved.access_token, before);
    assert.equal(alice.asked.length, 1, "nobody was asked to sign in again");
  });
  await session.close();

  const admin = new Person("admin", { only: ["read:todos"] });
  const narrow = new Session(kind, admin);
  await narrow.connect();
  await step(4, async () => {
    const result = await narrow.call("create-todo", { content: "an errand that needs more" });
    for (let refused = 0; refused < 1 + 2 * narrow.tries; refused++) narrow.noted("create-todo", denied("missing_scope"));
    narrow.noted("create-todo", byScope("create:todos"));
    assert.ok(!result.isError, JSON.stringify(result));
    await narrow.call("delete-todo", { id: result.structuredContent.id });
    narrow.noted("delete-todo", byOwner);
  });
  await step(5, async () => {
    assert.deepEqual(admin.saved.scope.split(" ").sort(), ["create:todos", "read:todos"]);
    await narrow.call("get-todos", {});
    narrow.noted("get-todos", byScope("read:todos"));
    assert.equal(admin.asked.length, 2);
  });
  await narrow.close();
}

// withProvider is a person at a provider that others wrote, whose client was registered by
// hand. The server tells clients to ask for less than it takes to create.
async function withProvider(step) {
  const [port, own] = process.env.PROVIDER_PORTS.split(" ").map(Number);
  const provider = new OIDCProvider({ port, resources: [`http://localhost:${own}`] });
  const server = new Server({ name: "oidc-provider", port: own, args: ["--issuer", provider.issuer, "--challenge-scopes", "read:todos"] });
  try {
    await provider.start();
    await server.start();
    const registered = await Registration.register((await discover(server.endpoint)).server);
    const admin = new Person("admin", { pages: provider.approve("admin"), redirectUrl: callback, client: { client_id: registered.id, issuer: provider.issuer } });
    await steppingUp(step, new Session(typescript2("auto", new URL(server.endpoint)), admin));
    const rows = (await server.audit()).map((row) => `${row.tool} ${row.reason} ${row.scopes_granted}`);
    assert.deepEqual(rows.filter((row) => row.startsWith("create-todo")),
      ["create-todo missing_scope read:todos", "create-todo ok create:todos read:todos"]);
    assert.ok((await server.audit()).every((row) => row.client_id === registered.id));
  } finally {
    await server.stop();
    await provider.stop();
  }
}

async function steppingUp(step, session) {
  const { person } = session;
  await step(0, async () => {
    await session.connect();
    session.speaks();
    assert.deepEqual(person.asked, ["read:todos offline_access"]);
  });
  await step(1, () => assert.ok(person.saved.refresh_token));
  await step(4, async () => {
    const { structuredContent: todo } = await session.call("create-todo", { content: "an errand" });
    assert.match(todo.id, id);
    assert.equal(person.asked.length, 2);
  });
  await step(5, () => assert.ok(["create:todos", "read:todos"].every((scope) => person.saved.scope.includes(scope))));
  await step(2, async () => {
    const { structuredContent: { todos: [todo] } } = await session.call("get-todos", {});
    const { structuredContent: deleted } = await session.call("delete-todo", { id: todo.id });
    assert.equal(deleted.message, `Todo ${todo.id} deleted`);
  });
  await step(3, async () => {
    person.expire();
    await session.call("get-todos", {});
    assert.equal(person.asked.length, 2, "nobody was asked to sign in again");
  });
  await session.close();
}

export async function threeTools(session) {
  const { structuredContent: todo } = await session.call("create-todo", { content: "an errand" });
  session.noted("create-todo", byScope("create:todos"));
  assert.match(todo.id, id);
  const listed = await session.call("get-todos", {});
  session.noted("get-todos", byOwner);
  assert.deepEqual(listed.structuredContent, { todos: [todo] });
  assert.deepEqual(JSON.parse(listed.content[0].text), listed.structuredContent);
  const deleted = await session.call("delete-todo", { id: todo.id });
  session.noted("delete-todo", byOwner);
  assert.equal(deleted.structuredContent.message, `Todo ${todo.id} deleted`);
}

await play("ts2", `TypeScript SDK ${version("@modelcontextprotocol/client")}`, (step) => withSDK(typescript2(), step));
await play("ts2 2026", `TypeScript SDK ${version("@modelcontextprotocol/client")}, 2026-07-28`, (step) => withSDK(typescript2("auto"), step));
await play("ts1", `TypeScript SDK ${version("@modelcontextprotocol/sdk")}`, (step) => withSDK(typescript1, step));
await play("mcp-remote", `mcp-remote ${version("mcp-remote")}`, (step) => remote(step, []));
await play("mcp-remote 2026", `mcp-remote ${version("mcp-remote")}, 2026-07-28`, (step) => remote(step, ["--protocol", "auto"]));

await play("oidc-provider", `TypeScript SDK ${version("@modelcontextprotocol/client")}, 2026-07-28, oidc-provider, registered by hand`, withProvider);

const lines = [`| client | ${steps.join(" | ")} |`, `|---|${steps.map(() => "---").join("|")}|`];
for (const [label, results] of table) lines.push(`| ${label} | ${steps.map((s) => results.get(s) ?? "–").join(" | ")} |`);
writeFileSync(`${process.env.ARTIFACTS}/clients.md`, lines.join("\n") + "\n");
console.log(lines.join("\n"));
process.exit(); // a scenario that failed leaves its clients; mcp-remote ends with its input
