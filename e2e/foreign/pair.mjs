// One provider and one server: who is registered and signed in, which calls were made,
// and which audit rows they must have left.
import assert from "node:assert/strict";
import { Checks } from "./checks.mjs";
import { challengeOf, send } from "./client.mjs";

export const todoScopes = "create:todos read:todos delete:todos";

// The rows of the calls that are allowed, and of the refusals.
export const byOwner = { decision: "allow", reason: "ok", basis: "owner", scopes_used: "" };
export const byScope = (scope) => ({ decision: "allow", reason: "ok", basis: "scope", scopes_used: scope });
export const denied = (reason) => ({ decision: "deny", reason, basis: "", scopes_used: "" });

export class Pair extends Checks {
  client; // set once it is registered
  #rows = [];

  constructor(name, provider, server) {
    super(name);
    this.provider = provider;
    this.server = server;
  }

  // signIn returns the tokens of a person, by default for this server with all scopes
  // that it names; the provider decides which of them to grant.
  signIn(person, { scope = todoScopes, resource = this.server.endpoint } = {}) {
    return this.client.signIn(this.provider.approve(person), { scope, resource });
  }

  // call makes one tools/call as the person with these tokens. If it is let in, it must
  // leave a row of that kind, and otherwise none.
  async call(tokens, tool, args, row, revision) {
    const answer = await send(this.server.endpoint, tokens.access, "tools/call", { name: tool, arguments: args }, revision);
    if ([200, 403].includes(answer.status)) {
      this.#rows.push({ tool, ...row, issuer: this.provider.issuer, tenant: "", subject: tokens.subject, client_id: this.client.id });
    }
    return answer;
  }

  // tryList calls get-todos as somebody without read:todos.
  tryList(tokens) {
    return this.call(tokens, "get-todos", {}, byOwner);
  }

  async list(tokens) {
    const answer = await this.tryList(tokens);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.result.structuredContent.todos;
  }

  // refused checks that a token gets 401 with a challenge a client can act on, and
  // returns its description.
  async refused(token, reason) {
    const answer = await this.tryList({ access: token });
    assert.deepEqual([answer.status, answer.body.error, answer.body.reason], [401, "invalid_token", reason]);
    const challenge = challengeOf(answer);
    assert.deepEqual([challenge.error, challenge.scope], ["invalid_token", todoScopes]);
    assert.ok(challenge.resource_metadata);
    return challenge.error_description;
  }

  // unavailable checks that a token is neither accepted nor refused.
  async unavailable(token) {
    const { status, headers, body } = await this.tryList({ access: token });
    assert.deepEqual([status, body.reason], [503, "authorization_server_unavailable"]);
    assert.match(headers.get("retry-after"), /^\d+$/);
    assert.equal(headers.get("www-authenticate"), null);
  }

  // auditLog compares the log with the calls made so far. Besides them it has counts of
  // rejected tokens, which name nobody.
  async auditLog() {
    const log = await this.server.audit();
    const calls = log.filter((row) => row.event === "tool.call"), counts = log.filter((row) => row.event !== "tool.call");
    const columns = (row, i) => Object.fromEntries(Object.keys(this.#rows[i] ?? row).map((column) => [column, row[column]]));
    assert.deepEqual(calls.map(columns), this.#rows);
    assert.deepEqual(log.map((row) => row.seq), log.map((_, i) => i + 1));
    for (const row of calls) assert.ok(row.request_id && row.token_sha256, `row ${row.seq} names no request or token`);
    for (const row of counts) assert.deepEqual([row.event, row.subject, row.token_sha256], ["token.rejected", null, null]);
  }
}
