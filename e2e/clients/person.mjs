// A person at an MCP client of the TypeScript SDKs: what their OAuth provider interface
// asks for. The browser is ../signin.mjs.

import { approve } from "../signin.mjs";

export class Person {
  // only is what to leave ticked at the first consent; pages take a person from an
  // authorization URL through the provider's pages and return the redirect; client is one
  // that was registered before.
  constructor(name, { only, pages = (url, only) => approve(url, name, only), redirectUrl = "http://127.0.0.1:1/callback", client } = {}) {
    Object.assign(this, { name, only, pages, redirectUrl, client });
    this.asked = []; // the scope of each authorization request
    this.clientMetadata = {
      client_name: "e2e", redirect_uris: [redirectUrl], grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"], token_endpoint_auth_method: "none", application_type: "native",
    };
  }

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
    return new URL(await this.pages(url.href, only)).searchParams;
  }

  // expire spoils the access token, as the server sees it; the refresh token stays good.
  expire() {
    const [header, payload] = this.saved.access_token.split(".");
    this.saved = { ...this.saved, access_token: `${header}.${payload}.${"A".repeat(86)}` };
  }
}
