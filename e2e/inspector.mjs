// Runs MCP Inspector as a child process, each person with a home folder of its own.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createInterface } from "node:readline";

const deadline = 30_000; // for a command line call, sign-in included, and for the web client to start

// newHome returns an empty home folder: nobody is signed in there.
export const newHome = (name) => mkdtempSync(`${process.env.WORK}/${name}-`);

function start(home, args, env) {
  return spawn("mcp-inspector", args, {
    env: { ...process.env, HOME: home, ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
}

// cli calls the command line client once and returns its exit code and what it printed:
// stdout parsed as JSON if there is any, stderr as lines. onSignIn is given the
// authorization URL; without it Inspector is told never to ask.
export async function cli(home, era, args, onSignIn) {
  const interactive = onSignIn ? ["--callback-url", `http://127.0.0.1:${process.env.CALLBACK_PORT}/oauth/callback`] : ["--stored-auth-only"];
  const child = start(home,
    ["--cli", process.env.SERVER_URL, "--transport", "http", "--protocol-era", era, "--format", "json", ...interactive, ...args],
    // Without a terminal Inspector signs in only if it may open a browser; here it finds none.
    { MCP_INSPECTOR_SECRET_STORE: "file", MCP_AUTO_OPEN_ENABLED: String(Boolean(onSignIn)), DISPLAY: "", WAYLAND_DISPLAY: "" });
  const timer = setTimeout(() => child.kill("SIGKILL"), deadline);
  const closed = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const stderr = [];
  let stdout = "", signIn, failure;
  child.stdout.setEncoding("utf8").on("data", (chunk) => { stdout += chunk; });
  createInterface(child.stderr).on("line", (line) => {
    stderr.push(line);
    const [, url] = line.match(/^Please navigate to: (\S+)$/) ?? [];
    if (url && onSignIn) signIn = onSignIn(url).catch((error) => { failure = error; child.kill(); });
  });
  try {
    const code = await closed;
    await signIn;
    if (failure) throw failure;
    return { code, stderr, output: stdout && JSON.parse(stdout) };
  } finally {
    clearTimeout(timer);
  }
}

// web serves the web client, runs body with its address, and stops it.
export async function web(home, era, body) {
  const { WEB_PORT, SANDBOX_PORT, SERVER_URL } = process.env;
  const token = randomUUID();
  const child = start(home, ["--web", "--server-url", SERVER_URL, "--transport", "http", "--protocol-era", era], {
    HOST: "127.0.0.1", CLIENT_PORT: WEB_PORT, MCP_SANDBOX_PORT: SANDBOX_PORT,
    MCP_AUTO_OPEN_ENABLED: "false", MCP_INSPECTOR_API_TOKEN: token, MCP_INSPECTOR_SECRET_STORE: "memory",
  });
  const closed = once(child, "close");
  try {
    await printed(child, /up and running/);
    await body(`http://127.0.0.1:${WEB_PORT}/?MCP_INSPECTOR_API_TOKEN=${token}`);
  } finally {
    child.kill();
    await closed;
  }
}

// printed waits until child has printed a line that matches, or ends.
async function printed(child, pattern) {
  child.stderr.pipe(process.stderr);
  for await (const line of createInterface({ input: child.stdout, signal: AbortSignal.timeout(deadline) })) {
    if (pattern.test(line)) return child.stdout.resume();
  }
  throw new Error("Inspector's web client did not start");
}

// reported returns the codes of the errors that the command line client printed.
export const reported = (stderr) => stderr.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line).error.code);
