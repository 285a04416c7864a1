// A person at an MCP client of the TypeScript SDKs: what their OAuth provider interface
// asks for. The browser is ../signin.mjs.

import { approve } from "../signin.mjs";

export class Person {
  constructor(name, { only } = {}) {
    this.name = name;
    this.only = only; // what to leave ticked at the first consent
    this.asked = []; // the scope of each authorization request
  }

  redirectUrl = "http://127.0.0.1:1/callback"; // nothing listens there
  clientMetadata = {
    client_name: "e2e", redirect_uris: [this.redirectUrl], grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"], token_endpoint_auth_method: "none",
  };
  state() { return "state"; }
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.saved; }
  saveTokens(tokens) { this.saved = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(state) { this.discovered = state; }
  discoveryState() { return this.discovered; }
  redirectToAuthorization(url) {
    this.asked.push(url.searchParams.get("scope") ?? "");
    this.pending = url;
  }

  // consent goes through the pages and returns the answer's parameters.
  async consent() {
    const url = this.pending, only = this.only;
    if (!url) throw new Error("the client sent nobody to sign in");
    this.pending = this.only = undefined; // asked again, they allow all
    return new URL(await approve(url.href, this.name, only)).searchParams;
  }

  // expire spoils the access token, as the server sees it; the refresh token stays good.
  expire() {
    const [header, payload] = this.saved.access_token.split(".");
    this.saved = { ...this.saved, access_token: `${header}.${payload}.${"A".repeat(86)}` };
  }
}
