// What an MCP client does: find the authorization server from the MCP endpoint,
// register, obtain tokens for people, call tools.
import { createHash, randomBytes } from "node:crypto";

export const callback = "http://localhost:19499/callback";

async function readJSON(url, init) {
  const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000), ...init });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${init?.method ?? "GET"} ${url}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

// challengeOf reads the parameters of a WWW-Authenticate header.
export function challengeOf(answer) {
  const header = answer.headers.get("www-authenticate") ?? "";
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

// discover goes from the first 401 to the authorization server's metadata, in the
// order of the MCP specification.
export async function discover(endpoint) {
  const refused = await fetch(endpoint, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
  const challenge = challengeOf(refused);
  const resource = await readJSON(challenge.resource_metadata);
  const issuer = new URL(resource.authorization_servers[0]);
  const path = issuer.pathname.replace(/\/$/, "");
  for (const suffix of [`/.well-known/oauth-authorization-server${path}`, `/.well-known/openid-configuration${path}`, `${path}/.well-known/openid-configuration`]) {
    const server = await readJSON(issuer.origin + suffix).catch(() => undefined);
    if (server) return { status: refused.status, challenge, resource, server };
  }
  throw new Error(`${issuer}: no metadata`);
}

// Client is one registered OAuth client of one authorization server.
export class Client {
  constructor(server, registration) {
    this.server = server;
    this.id = registration.client_id;
    this.#secret = registration.client_secret;
  }

  #secret;

  // register makes a native client (RFC 7591), public if the server knows such.
  static async register(server) {
    const method = ["none", "client_secret_basic"].find((name) => server.token_endpoint_auth_methods_supported.includes(name));
    return new Client(server, await readJSON(server.registration_endpoint, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: "Foreign", redirect_uris: [callback], application_type: "native", token_endpoint_auth_method: method,
        grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
      }),
    }));
  }

  // signIn runs the code flow with PKCE; approve takes the authorization URL through
  // the pages of the authorization server and returns where it redirects to. The subject
  // is that of the ID token, as the access token may be opaque.
  async signIn(approve, { scope, resource }) {
    const verifier = randomBytes(32).toString("base64url");
    const state = randomBytes(8).toString("hex");
    const url = new URL(this.server.authorization_endpoint);
    const refreshable = this.server.scopes_supported?.includes("offline_access");
    url.search = new URLSearchParams({
      response_type: "code", client_id: this.id, redirect_uri: callback, state, nonce: state,
      scope: refreshable ? `openid offline_access ${scope}` : `openid ${scope}`, ...(refreshable && { prompt: "consent" }),
      code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
      ...(resource && { resource }),
    });
    const back = new URL(await approve(url.href)).searchParams;
    if (back.get("state") !== state || !back.has("code")) throw new Error(`the authorization answer is ${back}`);
    if (back.get("iss") !== this.server.issuer) throw new Error(`iss is ${back.get("iss")} (RFC 9207)`);
    return this.#token({ grant_type: "authorization_code", code: back.get("code"), redirect_uri: callback, code_verifier: verifier, ...(resource && { resource }) });
  }

  refresh(tokens, resource) {
    return this.#token({ grant_type: "refresh_token", refresh_token: tokens.refresh, resource });
  }

  revoke(token) {
    return this.#post(this.server.revocation_endpoint, { token });
  }

  async #token(form) {
    const tokens = await (await this.#post(this.server.token_endpoint, form)).json();
    return {
      access: tokens.access_token, id: tokens.id_token, refresh: tokens.refresh_token,
      subject: tokens.id_token && claimsOf(tokens.id_token).claims.sub,
    };
  }

  async #post(url, form) {
    const basic = this.#secret && { authorization: "Basic " + btoa(`${encodeURIComponent(this.id)}:${encodeURIComponent(this.#secret)}`) };
    const answer = await fetch(url, {
      method: "POST", body: new URLSearchParams(basic ? form : { client_id: this.id, ...form }),
      headers: { ...basic }, signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
    return answer;
  }
}

// claimsOf reads a token without verifying it.
export function claimsOf(token) {
  const [header, claims] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  return { header, claims };
}

const modern = "2026-07-28";
let requests = 0;

// send makes one MCP request in the form of a revision of the protocol. It returns the
// HTTP status, the headers and the decoded body.
export async function send(endpoint, token, method, params = {}, revision = modern) {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientInfo": { name: "foreign", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const headers = { "mcp-method": method, ...(params.name && { "mcp-name": params.name }) };
  const answer = await fetch(endpoint, {
    method: "POST", signal: AbortSignal.timeout(10_000),
    body: JSON.stringify({ jsonrpc: "2.0", id: ++requests, method, params: revision === modern ? { ...params, _meta: meta } : params }),
    headers: {
      authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream",
      "mcp-protocol-version": revision, ...(revision === modern && headers),
    },
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) };
}
