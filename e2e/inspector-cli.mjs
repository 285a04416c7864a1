// MCP Inspector's command line client, in both protocol eras: sign-in without a browser,
// then the three tools as alice (User) and as admin.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { byOwner, byScope, called, denied, id, scenario, time } from "./checks.mjs";
import { cli, newHome, reported } from "./inspector.mjs";
import { signIn } from "./signin.mjs";

for (const [era, version] of [["legacy", "2025-11-25"], ["modern", "2026-07-28"]]) {
  await scenario(`cli ${era}`, (check) => people(check, era, version));
}

async function people(check, era, version) {
  const alice = person("alice", era), admin = person("admin", era);

  await check("without a sign-in --stored-auth-only ends with 3, auth_required", async () => {
    const { code, stderr, output } = await cli(newHome("nobody"), era, ["--method", "tools/list"]);
    assert.deepEqual([code, reported(stderr), output], [3, ["auth_required"], ""]);
  });
  await check("alice signs in; consent offers what she may give", () =>
    signInAndInitialize(alice, version, ["create:todos"]));
  await check("admin signs in; consent offers all three", () =>
    signInAndInitialize(admin, version, ["create:todos", "read:todos", "delete:todos"]));
  await check("a token that the server takes no more is refreshed without the person", async () => {
    spoil(alice.home);
    const { code } = await cli(alice.home, era, ["--method", "tools/list"]);
    assert.equal(code, 0);
  });
  await check("tools/list --strict finds nothing to object to", async () => {
    const { code, stderr, output } = await cli(alice.home, era, ["--method", "tools/list", "--strict"]);
    assert.deepEqual(stderr.filter((line) => !line.startsWith("[mcp-inspector] ")), []);
    assert.equal(code, 0);
    assert.deepEqual(output.result.tools.map((tool) => tool.name).sort(), ["create-todo", "delete-todo", "get-todos"]);
  });

  const milk = await check("alice creates a todo", () => create(alice, "Käse & milk, an errand"));
  const bread = await check("admin creates a todo", () => create(admin, "bread, an errand"));
  await check("alice sees her todo and not admin's", async () => {
    assert.deepEqual(await list(alice, byOwner), { todos: [milk] });
  });
  await check("admin sees both, page by page", async () => {
    const { todos, nextCursor } = await list(admin, byScope("read:todos"), { limit: 1 });
    assert.deepEqual(todos, [milk]);
    assert.deepEqual(await list(admin, byScope("read:todos"), { limit: 1, cursor: nextCursor }), { todos: [bread] });
  });
  await check("alice cannot delete admin's todo: isError, exit code 5", () =>
    refused(alice, "delete-todo", { id: bread.id }, { error: "Failed to delete todo" }, { ...denied("not_owner"), target_id: bread.id }));
  await check("an unknown and a malformed id get the same answer", async () => {
    await refused(alice, "delete-todo", { id: "aaaaaaaaaaaaa" }, { error: "Failed to delete todo" }, denied("not_found"));
    await refused(alice, "delete-todo", { id: "no id of ours" }, { error: "Failed to delete todo" }, { ...denied("not_found"), target_id: null });
  });
  await check("invalid arguments are a tool error that names them", () =>
    refused(alice, "create-todo", {}, { error: "invalid_arguments", error_description: "content is required" }, denied("invalid_arguments")));
  await check("a tool that is not there is refused by the client", async () => {
    const { code, stderr, output } = await alice.call("no-such-tool", {});
    assert.deepEqual([code, reported(stderr), output], [5, ["tool_not_found"], ""]);
  });
  await check("admin deletes alice's todo", () => remove(admin, milk, byScope("delete:todos")));
  await check("admin deletes a todo of their own, as its owner", () => remove(admin, bread, byOwner));
  await check("alice's list is empty", async () => {
    assert.deepEqual(await list(alice, byOwner), { todos: [] });
  });
}

// spoil makes the access token that Inspector keeps in a home folder a bad one; the refresh
// token beside it stays good.
function spoil(home) {
  let spoilt = 0;
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const name = `${entry.parentPath}/${entry.name}`, text = readFileSync(name, "utf8");
    const changed = text.replaceAll(/(access_token\\*":\s*\\*"[\w-]+\.[\w-]+\.)[\w-]{40,}/g, `$1${"A".repeat(86)}`);
    if (changed === text) continue;
    writeFileSync(name, changed);
    spoilt++;
  }
  assert.equal(spoilt, 1, "Inspector keeps its token elsewhere");
}

function person(name, era) {
  const home = newHome(name);
  return {
    name, era, home,
    call: (tool, args) => cli(home, era, ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", JSON.stringify(args)]),
  };
}

async function signInAndInitialize(who, version, scopes) {
  let offered;
  const { code, output } = await cli(who.home, who.era, ["--method", "initialize"], async (url) => {
    offered = await signIn(url, who.name);
  });
  assert.equal(code, 0);
  assert.deepEqual(offered, scopes);
  assert.equal(output.result.protocolVersion, version);
  assert.equal(output.result.serverInfo.name, "todo-manager");
}

// succeed calls a tool and returns its structured content, which must also be its text.
async function succeed(who, tool, args, row) {
  called(who.name, tool, row);
  const { code, output } = await who.call(tool, args);
  assert.equal(code, 0);
  const { content, structuredContent } = output.result;
  assert.equal(content.length, 1);
  assert.deepEqual(JSON.parse(content[0].text), structuredContent);
  return structuredContent;
}

async function refused(who, tool, args, problem, row) {
  called(who.name, tool, row);
  const { code, stderr, output } = await who.call(tool, args);
  assert.deepEqual([code, reported(stderr)], [5, ["tool_is_error"]]);
  const { content, isError, structuredContent } = output.result;
  assert.deepEqual([isError, structuredContent], [true, undefined]);
  assert.deepEqual(content.map((block) => JSON.parse(block.text)), [problem]);
}

async function create(who, content) {
  const todo = await succeed(who, "create-todo", { content }, byScope("create:todos"));
  assert.match(todo.id, id);
  assert.match(todo.createdAt, time);
  assert.deepEqual(todo, { id: todo.id, content, ownerId: who.name, createdAt: todo.createdAt });
  return todo;
}

async function list(who, row, args = {}) {
  return succeed(who, "get-todos", args, row);
}

async function remove(who, todo, row) {
  const answer = await succeed(who, "delete-todo", { id: todo.id }, { ...row, target_id: todo.id });
  assert.deepEqual(answer, { message: `Todo ${todo.id} deleted`, details: todo });
}
