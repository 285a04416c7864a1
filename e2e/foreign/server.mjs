// The server under test: one process of `server serve` with a database of its own.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { promisify } from "node:util";
import { eventually } from "./checks.mjs";

export class Server {
  #binary;
  #args;
  #log;
  #process;

  // path is the path of the public URL and so of the MCP endpoint.
  constructor({ name, port, path = "", args }) {
    this.origin = `http://localhost:${port}`;
    this.endpoint = this.origin + path;
    this.db = `${process.env.WORK}/${name}/todos.db`;
    this.#binary = `${process.env.WORK}/server`;
    this.#log = `${process.env.ARTIFACTS}/server-${name}.log`;
    this.#args = ["serve", "--listen", `127.0.0.1:${port}`, "--public-url", this.endpoint, "--ops-listen", "", "--db", this.db, ...args];
  }

  async start() {
    const log = openSync(this.#log, "a");
    this.#process = spawn(this.#binary, this.#args, { stdio: ["ignore", log, log] });
    closeSync(log);
    await eventually(10, () => this.probe("/livez"), (status) => status === 200);
  }

  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  // probe returns the status of a health check, or undefined while nothing listens.
  async probe(path) {
    try {
      return (await fetch(this.origin + path)).status;
    } catch {
      return undefined;
    }
  }

  // audit returns all rows of the log.
  async audit() {
    const { stdout } = await promisify(execFile)(this.#binary, ["audit", "list", "--db", this.db, "-o", "jsonl"]);
    return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }
}
