// Runs the scenarios that the arguments name, all at the same time.
import { BetterAuth } from "./better-auth.mjs";
import { totals } from "./checks.mjs";
import { Glewlwyd } from "./glewlwyd.mjs";
import { opaque, settings, signed, unreachable } from "./introspection.mjs";
import { outage, rotation } from "./keys.mjs";
import { OIDCProvider } from "./oidc-provider.mjs";
import { algorithms, connect, refusals, roles } from "./scenario.mjs";
import { Server } from "./server.mjs";
import { Pair } from "./pair.mjs";

// Each scenario has a provider and a server of its own, on the port and the one after it.
const scenarios = {
  "oidc-provider": { Provider: OIDCProvider, port: 19400, play: withKeys },
  "glewlwyd": { Provider: Glewlwyd, port: 19410, play: withKeys },
  "better-auth": { Provider: BetterAuth, port: 19420, path: "/mcp", play: withKeys },
  "introspection": { Provider: OIDCProvider, port: 19430, mode: "introspection", play: withIntrospection },
  "auto": { Provider: OIDCProvider, port: 19440, mode: "auto", play: withIntrospection },
};

async function withKeys(pair, otherResource) {
  const user = await roles(pair);
  await refusals(pair, user, otherResource);
  await algorithms(pair);
  await outage(pair, await rotation(pair, user));
}

async function withIntrospection(pair, otherResource, mode) {
  await opaque(pair, otherResource);
  await unreachable(pair, mode, await signed(pair, mode));
}

async function run(name) {
  const { Provider, port, path = "", mode, play } = scenarios[name];
  const [endpoint, otherResource] = [port + 1, port + 9].map((port) => `http://localhost:${port}${path}`);
  const provider = new Provider({ port, resources: [endpoint, otherResource] });
  const server = new Server({
    name, port: port + 1, path, args: mode ? settings(mode, provider) : ["--issuer", provider.issuer],
  });
  const pair = new Pair(name, provider, server);
  try {
    await provider.start();
    await server.start();
    await connect(pair);
    await play(pair, otherResource, mode);
    await pair.check("the audit log has one row for each call that was let in, as it was decided", () => pair.auditLog());
  } catch (error) {
    await pair.check("the scenario runs to its end", () => { throw error; });
  } finally {
    await server.stop();
    await provider.stop();
  }
}

await Promise.all(process.argv.slice(2).map(run));
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);
