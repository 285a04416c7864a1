// The sign-in pages of the development server, as a browser without JavaScript uses
// them: fetch a page, send its form, follow the redirect to the client.

const attribute = (tag, name) => tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1];

// fields returns what the form with that action sends as it comes: its hidden fields
// and its ticked boxes.
function fields(page, action) {
  const form = [...page.matchAll(/<form\b[^>]*>[^]*?<\/form>/g)].map(([f]) => f).find((f) => attribute(f, "action") === action);
  if (!form) throw new Error(`the page has no form for ${action}`);
  const data = new URLSearchParams();
  for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
    if (attribute(input, "type") === "hidden" || attribute(input, "checked")) data.append(attribute(input, "name"), attribute(input, "value"));
  }
  return data;
}

async function post(base, action, body) {
  return fetch(new URL(action, base), {
    method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(10_000),
    headers: { origin: new URL(base).origin, "sec-fetch-site": "same-origin" },
  });
}

// signIn goes from the authorization URL through both pages to the client's callback.
// It returns the scopes that the consent page offered.
export async function signIn(authorizeURL, person, only) {
  const { offered, callback } = await consent(authorizeURL, person, only);
  const done = await fetch(callback, { signal: AbortSignal.timeout(10_000) });
  if (!done.ok) throw new Error(`the client's callback answered ${done.status}`);
  return offered;
}

// approve returns where the sign-in redirects to, which nobody need be listening at. Only, if
// given, are the scopes to leave ticked.
export async function approve(authorizeURL, person, only) {
  return (await consent(authorizeURL, person, only)).callback;
}

// consent allows all scopes that are offered, or of these only some.
async function consent(authorizeURL, person, only) {
  const accounts = await fetch(authorizeURL, { signal: AbortSignal.timeout(10_000) });
  const choice = fields(await accounts.text(), "/authorize/account");
  choice.set("account", person);
  const page = await post(authorizeURL, "/authorize/account", choice);
  const decision = fields(await page.text(), "/authorize/decision");
  const offered = decision.getAll("scope");
  if (only) {
    decision.delete("scope");
    for (const scope of offered.filter((scope) => only.includes(scope))) decision.append("scope", scope);
  }
  decision.set("decision", "allow");
  const answer = await post(authorizeURL, "/authorize/decision", decision);
  const callback = answer.headers.get("location");
  if (!callback) throw new Error(`consent answered ${answer.status} without a redirect`);
  return { offered, callback };
}
