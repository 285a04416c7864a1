// node-oidc-provider: an issuer without a path, tokens signed with any of five
// algorithms, opaque ones unless a resource is named.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import Provider from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { Browser } from "./browser.mjs";
import { callback } from "./client.mjs";
import { Listener } from "./listener.mjs";

const todoScopes = ["create:todos", "read:todos", "delete:todos"];
const roles = { user: ["create:todos"], admin: todoScopes };

// An hour for all, like the defaults, which the provider announces on stdout.
const lifetimes = Object.fromEntries(["AccessToken", "IdToken", "RefreshToken", "Interaction", "Grant", "Session"].map((kind) => [kind, 3600]));

const keyKinds = {
  RS256: ["rsa", { modulusLength: 2048 }], PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }], ES384: ["ec", { namedCurve: "P-384" }], EdDSA: ["ed25519"],
};

function newKey(alg) {
  const { privateKey } = generateKeyPairSync(...keyKinds[alg]);
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() };
}

export class OIDCProvider extends Listener {
  algorithms = Object.keys(keyKinds);
  withoutResource = "not_a_jwt";
  algorithm = "RS256";
  format = "jwt";

  constructor({ port, resources }) {
    super(port, "/jwks");
    this.issuer = this.origin;
    this.introspection = { url: `${this.origin}/token/introspection`, id: "todo-server", secret: "for this test only" };
    this.#resources = resources;
    this.#keys = this.algorithms.map(newKey);
    this.#configure();
  }

  #resources;
  #keys;
  #adapter = createMemoryAdapter(); // outlives a change of keys

  // rotate gives every algorithm a new key, published in front of the old ones or
  // instead of them.
  rotate({ keepOld }) {
    this.#keys = [...this.algorithms.map(newKey), ...(keepOld ? this.#keys : [])];
    this.#configure();
  }

  #configure() {
    const resourceServer = (_, resource) => ({
      scope: todoScopes.join(" "), audience: resource, accessTokenTTL: 3600, accessTokenFormat: this.format,
      jwt: { sign: { alg: this.algorithm } },
    });
    const provider = new Provider(this.issuer, {
      adapter: this.#adapter, ttl: lifetimes, jwks: { keys: this.#keys }, cookies: { keys: ["for this test only"] },
      scopes: ["openid", "offline_access"], pkce: { required: () => true },
      enabledJWA: { idTokenSigningAlgValues: this.algorithms },
      clients: [{ client_id: this.introspection.id, client_secret: this.introspection.secret, grant_types: [], response_types: [], redirect_uris: [] }],
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
      loadExistingGrant: (ctx) => this.#grant(ctx),
      features: {
        devInteractions: { enabled: true }, registration: { enabled: true },
        revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
        introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId === this.introspection.id },
        resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer, useGrantedResource: () => true },
      },
    });
    this.handler = provider.callback();
  }

  // #grant gives people what their role allows of the resource, and withholds the rest.
  async #grant(ctx) {
    const { Grant } = ctx.oidc.provider;
    const { accountId } = ctx.oidc.session;
    const grant = new Grant({ accountId, clientId: ctx.oidc.client.clientId });
    grant.addOIDCScope("openid offline_access");
    for (const resource of this.#resources) {
      for (const scope of todoScopes) {
        if (roles[accountId].includes(scope)) grant.addResourceScope(resource, scope);
        else grant.rejectResourceScope(resource, scope);
      }
    }
    await grant.save();
    return grant;
  }

  // approve signs a person in and consents.
  approve(person) {
    return async (url) => {
      const browser = new Browser();
      let at = await browser.follow(url, await browser.request(url), callback);
      for (const form of [{ prompt: "login", login: person, password: "any" }, { prompt: "consent" }]) {
        at = await browser.follow(at.url, await browser.post(at.url, new URLSearchParams(form)), callback);
      }
      return at.url;
    };
  }
}
