// What the parts of the suite share: they print one line a check, and write down
// which audit row each of their tool calls must have left.

import { appendFileSync } from "node:fs";

// scenario runs checks that build on each other. One that fails ends the scenario, and
// not the ones after it. body is given check(what, body), which returns what body returns.
export async function scenario(name, body) {
  const check = async (what, body) => {
    try {
      const result = await body();
      console.log(`ok   ${name}: ${what}`);
      return result;
    } catch (error) {
      throw new Error(`${what}: ${error.message}`, { cause: error });
    }
  };
  try {
    await body(check);
  } catch (error) {
    console.log(`FAIL ${name}: ${error.message.replaceAll(/\s+/g, " ").slice(0, 400)}`);
    console.error(name, error);
    process.exitCode = 1;
  }
}

// called notes a tools/call that reached the server, by the columns of its audit row.
export function called(subject, tool, row) {
  appendFileSync(process.env.CALLS, JSON.stringify({ subject, tool, ...row }) + "\n");
}

// The rows of the calls that are allowed, and of the refusals.
export const byOwner = { decision: "allow", reason: "ok", basis: "owner", scopes_used: "" };
export const byScope = (scope) => ({ decision: "allow", reason: "ok", basis: "scope", scopes_used: scope });
export const denied = (reason) => ({ decision: "deny", reason, basis: "", scopes_used: "" });

// A todo's id as the server makes it, and its time.
export const id = /^[a-z2-7]{13}$/;
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
