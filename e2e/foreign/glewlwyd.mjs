// Glewlwyd, a provider in C: an issuer with a path, metadata only under that path,
// confidential clients, and for tokens without a resource an audience of scopes.
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Browser } from "./browser.mjs";
import { eventually } from "./checks.mjs";
import { callback } from "./client.mjs";

const schema = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const todoScopes = ["create:todos", "read:todos", "delete:todos"];
const roles = { user: ["create:todos"], admin: todoScopes };
const password = "for this test only";

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: randomUUID() };
}

export class Glewlwyd {
  withoutResource = "invalid_audience";
  #port;
  #directory = `${process.env.WORK}/glewlwyd-data`;
  #process;
  #admin;
  #keys = [newKey()];
  #plugin;

  constructor({ port, resources }) {
    this.#port = port;
    this.origin = `http://localhost:${port}`;
    this.issuer = `${this.origin}/api/oidc`;
    this.#plugin = {
      iss: this.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "jwks-show": true, "oauth-as-iss-id": true,
      "allow-non-oidc": true, "auth-type-code-enabled": true, "auth-type-refresh-enabled": true, "allowed-scope": ["openid", ...todoScopes],
      "pkce-allowed": true, "pkce-required": true, "register-client-allowed": true, "register-client-auth-scope": [],
      "resource-allowed": true, "resource-scope": Object.fromEntries(todoScopes.map((scope) => [scope, resources])),
    };
  }

  async start() {
    const isNew = !this.#admin;
    if (isNew) this.#install();
    const log = openSync(`${process.env.ARTIFACTS}/glewlwyd.log`, "a");
    this.#process = spawn("glewlwyd", ["-c", `${this.#directory}/conf`], { stdio: ["ignore", log, log] });
    closeSync(log);
    await eventually(10, () => fetch(this.origin).then(() => true, () => false), (up) => up);
    if (isNew) await this.#populate();
  }

  async stop() {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  #install() {
    mkdirSync(this.#directory);
    const db = new DatabaseSync(`${this.#directory}/db`);
    db.exec(readFileSync(schema, "utf8"));
    db.close();
    const modules = ["user", "user_middleware", "client", "plugin"].map((kind) => `${kind}_module_path="/usr/lib/glewlwyd/${kind}"`);
    writeFileSync(`${this.#directory}/conf`, [
      `port=${this.#port}`, 'bind_address="127.0.0.1"', `external_url="${this.origin}"`, 'login_url="login.html"', 'api_prefix="api"',
      'log_mode="console"', 'log_level="INFO"', "cookie_secure=0", 'hash_algorithm="SHA512"',
      ...modules, 'user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"',
      `database={ type="sqlite3"; path="${this.#directory}/db"; };`, "",
    ].join("\n"));
  }

  async #populate() {
    this.#admin = new Browser();
    await this.#api("POST", "/auth", { username: "admin", password: "password" }); // as the schema has it
    for (const name of todoScopes) await this.#api("POST", "/scope/", { name, display_name: name });
    for (const [person, scopes] of Object.entries(roles)) {
      await this.#api("POST", "/user/", { username: `a-${person}`, password, enabled: true, scope: ["openid", "g_profile", ...scopes] });
    }
    await this.#api("POST", "/mod/plugin/", { module: "oidc", name: "oidc", display_name: "OpenID Connect", enabled: true, parameters: this.#parameters() });
  }

  #api(method, path, body) {
    return this.#admin.json(method, `${this.origin}/api${path}`, body);
  }

  #parameters() {
    return { ...this.#plugin, "jwks-private": JSON.stringify({ keys: this.#keys }) };
  }

  // rotate makes a new key, published in front of the old ones or instead of them.
  async rotate({ keepOld }) {
    this.#keys = [newKey(), ...(keepOld ? this.#keys : [])];
    await this.#api("PUT", "/mod/plugin/oidc", { display_name: "OpenID Connect", parameters: this.#parameters() });
    await this.#api("PUT", "/mod/plugin/oidc/reset", {});
  }

  // approve does what the scripts of the sign-in page do: sign in, then grant what the
  // person can grant, then go on to where the page was asked to lead.
  approve(person) {
    return async (url) => {
      const browser = new Browser();
      const login = new URL((await browser.follow(url, await browser.request(url), callback)).url).searchParams;
      await browser.json("POST", `${this.origin}/api/auth`, { username: `a-${person}`, password });
      const grant = `${this.origin}/api/auth/grant/${login.get("client_id")}`;
      const { scope } = await browser.json("GET", `${grant}/${encodeURIComponent(login.get("scope"))}`);
      await browser.json("PUT", grant, { scope: scope.map(({ name }) => name).join(" ") });
      const next = `${login.get("callback_url")}&g_continue`;
      return (await browser.follow(next, await browser.request(next), callback)).url;
    };
  }
}
