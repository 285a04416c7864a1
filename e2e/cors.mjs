// Web pages that call the server themselves, in headless Chromium: one of an allowed
// origin, one of another, and one that reached the server under a foreign name.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { byOwner, called, denied, scenario } from "./checks.mjs";
import { Client, discover } from "./foreign/client.mjs";
import { launch, open, shot } from "./page.mjs";
import { approve } from "./signin.mjs";

const { SERVER_URL, PAGE_PORT } = process.env;
const pages = createServer((request, response) => response.setHeader("content-type", "text/html").end("<title>An app</title><h1>An app</h1>"));
pages.listen(Number(PAGE_PORT), "127.0.0.1");
await once(pages, "listening");
const browser = await launch(["--host-resolver-rules=MAP foreign.example 127.0.0.1"]);
try {
  await scenario("page of an allowed origin", allowed);
  await scenario("page of another origin", other);
  await scenario("page under a foreign name", rebound);
} finally {
  await browser.close();
  pages.close();
}

// call makes a call from within a page, as a client of 2026-07-28 that is a web page does.
function call(page, tool, token) {
  return page.evaluate(async ({ url, tool, token }) => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "page", version: "1" }, "io.modelcontextprotocol/clientCapabilities": {},
    };
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json", "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool,
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {}, _meta: meta } }),
    });
    return { status: answer.status, challenge: answer.headers.get("www-authenticate"), request: answer.headers.get("x-request-id"), body: await answer.text() };
  }, { url: SERVER_URL, tool, token });
}

async function token(person) {
  const { server } = await discover(SERVER_URL);
  const client = await Client.register(server);
  return (await client.signIn((url) => approve(url, person), { scope: "create:todos", resource: SERVER_URL })).access;
}

async function allowed(check) {
  const { page } = await open(browser, `http://localhost:${PAGE_PORT}`);
  const metadata = await check("it can read the challenge of a 401, and the metadata that this names", async () => {
    const { status, challenge } = await call(page, "get-todos");
    assert.equal(status, 401);
    const url = challenge.match(/resource_metadata="([^"]+)"/)[1];
    return page.evaluate(async (url) => (await fetch(url)).json(), url);
  });
  assert.equal(metadata.resource, SERVER_URL);
  const alice = await token("alice");
  await check("with a token it calls a tool, and can read the request's id", async () => {
    const { status, request, body } = await call(page, "get-todos", alice);
    called("alice", "get-todos", byOwner);
    assert.equal(status, 200, body);
    assert.match(request, /^[0-9a-z]{20}$/);
    assert.ok(Array.isArray(JSON.parse(body).result.structuredContent.todos));
  });
  await check("it can read which scope a 403 asks for", async () => {
    const { status, challenge } = await call(page, "get-audit-log", alice);
    called("alice", "get-audit-log", denied("missing_scope"));
    assert.equal(status, 403);
    assert.match(challenge, /error="insufficient_scope".* scope="create:todos read:audit"/);
  });
  await page.context().close();
}

async function other(check) {
  const { page } = await open(browser, `http://127.0.0.1:${PAGE_PORT}`);
  const alice = await token("alice");
  await check("the browser lets it neither call nor read, and the server runs nothing", async () => {
    for (const secret of [undefined, alice]) await assert.rejects(call(page, "get-todos", secret), /Failed to fetch/);
  });
  await page.context().close();
}

async function rebound(check) {
  const { page } = await open(browser, `http://foreign.example:${new URL(SERVER_URL).port}/`);
  await check("the server does not answer to a name that is not its own", async () => {
    await shot(page, "foreign-name");
    assert.match(await page.locator("body").innerText(), /host_not_allowed/);
  });
  await page.context().close();
}
