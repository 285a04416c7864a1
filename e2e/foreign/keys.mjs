// What happens to calls when a provider changes its keys, or goes away.
import assert from "node:assert/strict";
import { eventually } from "./checks.mjs";

// A request may cause one fetch of the keys in 30 seconds.
const cooldown = 30;

const accepted = (answer) => answer.status === 200;

// rotation changes the keys twice: with the old key still published, and without.
export async function rotation(pair, old) {
  const { provider, server } = pair;
  const before = provider.keyFetches; // undefined where nobody counts
  const fetched = (n) => before === undefined || assert.equal(provider.keyFetches - before, n);
  const counted = (text) => before === undefined ? "" : `, ${text}`;

  await provider.rotate({ keepOld: true });
  const second = await pair.signIn("user");
  await pair.check("a new key is accepted at once, beside the old one" + counted("for one fetch"), async () => {
    await pair.list(second);
    await pair.list(old);
    fetched(1);
  });
  const start = performance.now();
  await provider.rotate({ keepOld: false });
  const third = await pair.signIn("user");
  await pair.check("within the cooldown another new key is refused, and removed keys still count" + counted("without a fetch"), async () => {
    await pair.refused(third.access, "invalid_token");
    await pair.list(second);
    fetched(1);
  });
  await pair.check("after the cooldown it is accepted" + counted("for one more fetch"), async () => {
    await eventually(cooldown + 5, () => pair.tryList(third), accepted);
    const waited = (performance.now() - start) / 1000;
    assert.ok(waited > cooldown - 5, `accepted after ${waited} s`);
    fetched(2);
  });
  await pair.check("tokens of the removed keys are refused from then on", async () => {
    await pair.refused(old.access, "invalid_token");
    await pair.refused(second.access, "invalid_token");
  });
  return third;
}

// outage takes the provider away, restarts the server without it, and brings it back.
export async function outage(pair, known) {
  const { provider, server } = pair;
  const fresh = await pair.signIn("user");
  await provider.stop();
  await pair.check("provider down: tokens of known keys are accepted, seen before or not", async () => {
    await pair.list(known);
    await pair.list(fresh);
  });
  await pair.check("provider down, server restarted: 503 with Retry-After, and not ready", async () => {
    await server.restart();
    await pair.unavailable(known.access);
    assert.equal(await server.probe("/readyz"), 503);
    assert.equal(await server.probe("/livez"), 200);
  });
  await pair.check("provider down: the metadata is still served", async () => {
    assert.equal(await server.probe("/.well-known/oauth-protected-resource"), 200);
  });
  await provider.start();
  await pair.check("provider back: accepted again without a restart", () =>
    eventually(cooldown + 5, () => pair.tryList(known), accepted));
}
