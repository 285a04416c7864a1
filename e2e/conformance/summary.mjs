// Prints one line about a run of the suite, and fails if the suite did, if a required scenario was not run, or
// if the baseline names what is no check:
//
//   node summary.mjs NAME STATUS LOG REQUIRED BASELINE
//
// REQUIRED is what `conformance list --requirements` printed. The suite runs more than that, and does not score it.
import { readFileSync } from "node:fs";

const [name, status, ...files] = process.argv.slice(2);
const [log, required, baseline] = files.map((file) => readFileSync(file, "utf8"));
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, ...groups]) => groups);

const list = required.split("Server scenarios")[1].split("Client scenarios")[0];
const scenarios = all(list, /^ +- (\S+)$/gm).map(([scenario]) => scenario);
const excused = all(baseline, /^ +- (\S+)$/gm).map(([check]) => check);
const excusedScenarios = new Set(excused.map((check) => check.split(":")[0]));
const failedAsExcused = new Set(all(log, /^ +~ (\S+)$/gm).map(([check]) => check));
const results = new Map(all(log.split("=== SUMMARY ===")[1] ?? "", /^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm)
  .map(([scenario, ...counts]) => [scenario, counts.map(Number)]));

const missing = scenarios.filter((scenario) => !results.has(scenario));
const mistaken = excused.filter((check) => !failedAsExcused.has(check)); // the suite knows no such check
const counts = scenarios.map((scenario) => results.get(scenario) ?? [0, 0]);
const whole = scenarios.filter((scenario) => results.get(scenario)?.[1] === 0 && !excusedScenarios.has(scenario));
const passed = counts.reduce((sum, [count]) => sum + count, 0);

const problems = [
  ...(status === "0" ? [] : [`the suite ended with ${status}`]),
  ...(scenarios.length > 0 ? [] : ["no scenario is required"]),
  ...missing.map((scenario) => `${scenario} was not run`),
  ...mistaken.map((check) => `${check} is in the baseline and did not fail`),
];
const excuses = excused.length > 0 ? `; ${excused.length} fail as ${files[2]} says` : "";
console.log([`${problems.length === 0 ? "ok  " : "FAIL"} ${name}: ${whole.length} of ${scenarios.length} scenarios pass whole, ${passed} checks pass${excuses}`, ...problems].join("; "));
process.exitCode = problems.length === 0 ? 0 : 1;
