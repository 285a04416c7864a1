// Compares the audit log, JSON lines in the file that the argument names, with the calls that were made.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { scenario } from "./checks.mjs";

const lines = (text) => text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
const log = readFileSync(process.argv[2], "utf8");
const all = lines(log);
const rows = all.filter((row) => row.event === "tool.call");
const calls = lines(readFileSync(process.env.CALLS, "utf8"));

await scenario("audit", async (check) => {
  await check(`one row for each of the ${calls.length} calls, with its decision, in order`, () => {
    const seen = rows.map((row, i) => Object.fromEntries(Object.keys(calls[i] ?? row).map((column) => [column, row[column]])));
    assert.deepEqual(seen, calls);
  });
  await check("seq has no gap; every row names issuer, client, token and request", () => {
    assert.deepEqual(all.map((row) => row.seq), all.map((_, i) => i + 1));
    for (const row of rows) {
      assert.equal(row.issuer, process.env.ISSUER);
      for (const column of ["client_id", "token_sha256", "request_id"]) assert.ok(row[column], `row ${row.seq} has no ${column}`);
    }
  });
  await check("besides calls there are only counts of rejected tokens, which name nobody", () => {
    for (const row of all.filter((row) => row.event !== "tool.call")) assert.deepEqual([row.event, row.subject], ["token.rejected", null]);
  });
  await check("no content of a todo is in the log", () => assert.doesNotMatch(log, /errand/));
});
