// better-auth with its OAuth provider: an issuer with a path, EdDSA, opaque tokens
// unless a resource is named.
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { Browser } from "./browser.mjs";
import { Listener } from "./listener.mjs";

const scopes = ["openid", "offline_access", "create:todos", "read:todos", "delete:todos"];
const roles = { user: scopes.slice(0, 3), admin: scopes };
const tables = [
  "user", "session", "account", "verification", "jwks",
  "oauthClient", "oauthAccessToken", "oauthRefreshToken", "oauthConsent", "oauthResource", "oauthClientResource",
];

const credentials = (person) => ({ email: `${person}@example.com`, password: "for this test only" });

export class BetterAuth extends Listener {
  withoutResource = "not_a_jwt";
  #db = Object.fromEntries(tables.map((table) => [table, []]));

  constructor({ port, resources }) {
    super(port, "/auth/jwks");
    this.issuer = `${this.origin}/auth`;
    this.handler = toNodeHandler(betterAuth({
      baseURL: this.origin, basePath: "/auth", secret: "a secret for this test only, long enough", database: memoryAdapter(this.#db),
      emailAndPassword: { enabled: true }, rateLimit: { enabled: false }, telemetry: { enabled: false },
      plugins: [jwt({ disableSettingJwtHeader: true }), oauthProvider({
        scopes, resources, enforcePerClientResources: false, loginPage: "/login", consentPage: "/consent",
        allowDynamicClientRegistration: true, allowUnauthenticatedClientRegistration: true,
      })],
    }));
  }

  async start() {
    await super.start();
    if (this.#db.user.length > 0) return;
    for (const person of Object.keys(roles)) {
      await new Browser().json("POST", `${this.issuer}/sign-up/email`, { name: person, ...credentials(person) });
    }
  }

  // rotate ends the life of the keys: the next signature makes a new one, and old ones
  // stay published for as long as they are in the database.
  rotate({ keepOld }) {
    if (!keepOld) this.#db.jwks.length = 0;
    for (const key of this.#db.jwks) key.expiresAt = new Date(Date.now() - 1000);
  }

  // approve does what the scripts of the sign-in and consent pages do.
  approve(person) {
    return async (url) => {
      const browser = new Browser();
      const query = (page) => new URL(page.url, this.origin).search.slice(1);
      const login = await browser.json("GET", url);
      const consent = await browser.json("POST", `${this.issuer}/sign-in/email`, { ...credentials(person), oauth_query: query(login) });
      const requested = new URLSearchParams(query(consent)).get("scope").split(" ");
      const scope = requested.filter((name) => roles[person].includes(name)).join(" ");
      const back = await browser.json("POST", `${this.issuer}/oauth2/consent`, { accept: true, scope, oauth_query: query(consent) });
      return back.url;
    };
  }
}
