// MCP Inspector's web client when its access token is good no more: the sign-in server is
// given a new signing key, as after a rotation. What is refreshed needs no person.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, rmSync } from "node:fs";
import { scenario } from "./checks.mjs";
import { newHome, web } from "./inspector.mjs";
import { closeResult, connect, connected, consentPage, execute, fill, launch, open, result, shot, toolsTab } from "./page.mjs";

const [port, issuer] = process.env.REFRESH_PORTS.split(",");
process.env.SERVER_URL = `http://localhost:${port}`;
process.env.ISSUER = `http://localhost:${issuer}`;
const data = `${process.env.WORK}/refresh`;
const log = openSync(`${process.env.ARTIFACTS}/refresh-server.log`, "w");

async function start() {
  const server = spawn(`${process.env.WORK}/server`, ["dev", "--listen", `127.0.0.1:${port}`, "--public-url", process.env.SERVER_URL,
    "--issuer", process.env.ISSUER, "--ops-listen", "", "--db", `${data}/todos.db`], { stdio: ["ignore", log, log] });
  for (let tries = 0; tries < 150; tries++) {
    const ready = await fetch(`${process.env.SERVER_URL}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return server;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server is not ready");
}

async function stop(server) {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}

async function list(page) {
  await fill(page, "List todos");
  await execute(page);
  const shown = await result(page);
  await closeResult(page);
  return shown;
}

const browser = await launch();
let server = await start();
try {
  for (const era of ["legacy", "modern"]) await scenario(`web refresh, ${era}`, (check) => web(newHome("web"), era, async (url) => {
    const { page } = await open(browser, url);
    await connect(page);
    await page.getByRole("button", { name: /alice, User/ }).click();
    await consentPage(page);
    await page.getByRole("button", { name: "Allow" }).click();
    await connected(page, era === "legacy" ? "Legacy" : "Modern");
    await toolsTab(page);
    await check("alice signs in and lists", async () => assert.deepEqual(await list(page), { todos: [] }));
    await stop(server);
    rmSync(`${data}/signing-key.pem`);
    server = await start();
    await check("with the key gone that her token was signed with, she goes on", async () => {
      assert.deepEqual(await list(page), { todos: [] });
      await shot(page, `refreshed-${era}`);
    });
    await page.context().close();
  }));
} finally {
  await browser.close();
  await stop(server);
}
