// mcp-remote, which speaks stdio to a client such as Claude Desktop and HTTP to the server.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { byOwner, byScope, called, denied } from "../checks.mjs";
import { signIn } from "../signin.mjs";
import { threeTools } from "./main.mjs";

// bridge starts mcp-remote with a folder of its own and signs a person in when it asks.
async function bridge(home, person, args, only) {
  const transport = new StdioClientTransport({
    command: "mcp-remote", args: [process.env.SERVER_URL, process.env.CALLBACK_PORT, "--transport", "http-only", ...args], stderr: "pipe",
    env: { PATH: process.env.PATH, HOME: home, MCP_REMOTE_CONFIG_DIR: home, BROWSER: "true" },
  });
  const asked = [];
  let text = "";
  transport.stderr.on("data", (chunk) => {
    text += chunk;
    process.stderr.write(chunk);
    const listening = text.match(/callback server running/g)?.length ?? 0;
    for (const [, url] of text.matchAll(/(http:\/\/localhost:\d+\/authorize\S*)\n/g)) {
      if (asked.includes(url) || asked.length === listening) continue; // it names the address before it listens
      asked.push(url);
      signIn(url, person, asked.length === 1 ? only : undefined).catch((error) => console.error("sign-in", error));
    }
  });
  const client = new Client({ name: "e2e", version: "1" });
  try {
    await client.connect(transport, { timeout: 20_000 });
  } catch (error) {
    await client.close();
    throw error;
  }
  const { client_id } = keptIn(home, "client_info.json").value;
  return {
    asked,
    modern: () => text.includes("Remote server speaks MCP 2026-07-28"),
    noted: (tool, row) => called(person, tool, { ...row, client_id }),
    call: (name, args) => client.callTool({ name, arguments: args }, undefined, { timeout: 20_000 }),
    close: () => client.close(),
  };
}

// keptIn finds what mcp-remote keeps in a file of that kind.
function keptIn(folder, kind) {
  const found = readdirSync(folder, { recursive: true }).find((name) => name.endsWith(`_${kind}`));
  assert.ok(found, `mcp-remote keeps no ${kind}`);
  const file = join(folder, found);
  return { file, value: JSON.parse(readFileSync(file, "utf8")) };
}

export async function remote(step, args) {
  const home = mkdtempSync(join(process.env.WORK, "remote-"));
  let session;
  await step(0, async () => { session = await bridge(home, "alice", args); });
  await step(1, () => assert.equal(session.asked.length, 1));
  await step(2, async () => {
    await threeTools(session);
    assert.equal(session.modern(), args.includes("auto"), "whether it speaks 2026-07-28");
  });
  await session.close();
  await step(3, async () => {
    const { file, value: tokens } = keptIn(home, "tokens.json");
    const [header, payload] = tokens.access_token.split(".");
    writeFileSync(file, JSON.stringify({ ...tokens, access_token: `${header}.${payload}.${"A".repeat(86)}` }));
    session = await bridge(home, "alice", args);
    await session.call("get-todos", {});
    session.noted("get-todos", byOwner);
    assert.equal(session.asked.length, 0, "nobody was asked to sign in again");
    await session.close();
  });

  const narrow = await bridge(mkdtempSync(join(process.env.WORK, "remote-")), "admin", args, ["read:todos"]);
  await step(4, async () => {
    const result = await narrow.call("create-todo", { content: "an errand that needs more" });
    narrow.noted("create-todo", denied("missing_scope"));
    narrow.noted("create-todo", byScope("create:todos"));
    assert.ok(!result.isError, JSON.stringify(result));
    await narrow.call("delete-todo", { id: result.structuredContent.id });
    narrow.noted("delete-todo", byOwner);
  });
  await step(5, async () => {
    await narrow.call("get-todos", {});
    narrow.noted("get-todos", byScope("read:todos"));
    assert.equal(narrow.asked.length, 2);
  });
  await narrow.close();
}
