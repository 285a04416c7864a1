// MCP Inspector's web page, and the sign-in pages it leads to, in headless Chromium.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const timeout = 15_000; // for one action or wait
let shots = 0;

export async function launch(further = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM, timeout: 30_000,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...further],
  });
}

// open returns a page in a browser context of its own, and the errors that our own pages
// cause in it: scripts, styles or forms that their content security policy stops.
export async function open(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(timeout);
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => {
    const from = message.location().url;
    if (message.type() === "error" && (from.startsWith(process.env.ISSUER) || from.startsWith(process.env.SERVER_URL))) errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

// shot keeps a picture of the page as it is when its transitions are over.
export async function shot(page, name) {
  const number = String(++shots).padStart(2, "0");
  await page.screenshot({ path: `${process.env.ARTIFACTS}/${number}-${name}.png`, animations: "disabled" });
}

// connect turns the server's switch on, which leads to the account page.
export async function connect(page) {
  await page.getByRole("switch", { name: /^Connect or disconnect/ }).press("Space");
  await accountPage(page);
}

export async function accountPage(page) {
  await page.getByRole("heading", { name: "Choose an account" }).waitFor();
}

export async function consentPage(page) {
  await page.getByRole("heading", { name: "Allow MCP Inspector to use Todo Manager?" }).waitFor();
}

export async function connected(page, era) {
  await page.locator('[data-testid="connection-status"][data-status="connected"]').first().waitFor();
  await page.getByText(era, { exact: true }).waitFor();
}

// tab moves the focus with the keyboard alone until it is on what is wanted.
export async function tab(page, wanted) {
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail("the keyboard cannot reach it");
}

export async function toolsTab(page) {
  await page.getByRole("radiogroup").getByText("Tools", { exact: true }).click();
}

// fill opens a tool's form and fills it in.
export async function fill(page, title, args = {}) {
  await page.getByRole("button", { name: title }).click();
  for (const [name, value] of Object.entries(args)) await page.getByRole("textbox", { name, exact: true }).fill(value);
}

export async function execute(page) {
  await page.getByRole("button", { name: "Execute Tool" }).click();
}

// result returns the text and the structured output that the page shows of a call.
export async function result(page) {
  await page.getByRole("heading", { name: "Results" }).waitFor();
  const shown = await page.waitForFunction(() => {
    const [text, structured] = [...document.querySelectorAll(".ace_text-layer")].map((layer) => layer.innerText);
    return text && structured && { text, structured };
  });
  const { text, structured } = await shown.jsonValue();
  assert.equal(text, structured);
  return JSON.parse(text);
}

export async function closeResult(page) {
  await page.getByRole("button", { name: "Close results" }).click();
}
