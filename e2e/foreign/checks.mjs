// One printed line for each check, under the name of the provider it is about.
import assert from "node:assert/strict";

export const totals = { passed: 0, failed: 0 };

const oneLine = (text) => text.replaceAll(/\s+/g, " ").slice(0, 600);

export class Checks {
  constructor(subject) {
    this.subject = subject;
  }

  // check runs body, prints its outcome and returns what it returned.
  async check(name, body) {
    try {
      const result = await body();
      totals.passed++;
      console.log(`ok   ${this.subject}: ${name}`);
      return result;
    } catch (error) {
      totals.failed++;
      console.log(`FAIL ${this.subject}: ${name}: ${oneLine(String(error.message))}`);
      console.error(`${this.subject}: ${name}\n${error.stack}\n`);
    }
  }
}

// eventually asks until the answer is good, at most for that many seconds, and returns
// the seconds it took.
export async function eventually(seconds, ask, good) {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  for (let answer; ; await new Promise((again) => setTimeout(again, 200))) {
    answer = await ask();
    if (good(answer)) return elapsed();
    assert.ok(elapsed() < seconds, `after ${seconds} s the answer is still ${answer?.status ?? answer}`);
  }
}
