// What a person's browser does with an authorization URL: keep cookies, follow
// redirects, send forms. It runs no scripts.

const redirects = [301, 302, 303, 307, 308];

export class Browser {
  #cookies = new Map();

  // request sends one request with the cookies of that host and keeps those it sets.
  async request(url, { headers, ...init } = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      redirect: "manual", signal: AbortSignal.timeout(10_000), ...init,
      headers: { accept: "text/html, application/json", origin: new URL(url).origin, ...(cookie && { cookie }), ...headers },
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const expires = attributes.find((a) => /^expires=/i.test(a))?.slice("expires=".length);
    if (value === "" || Date.parse(expires) < Date.now()) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  // follow goes from answer to answer until one is no redirect, or leads to the
  // callback, whose address it then returns.
  async follow(url, answer, callback) {
    for (let hops = 0; redirects.includes(answer.status); hops++) {
      if (hops > 10) throw new Error(`${url}: too many redirects`);
      url = new URL(answer.headers.get("location"), url).href;
      if (url.startsWith(callback)) return { url, done: true };
      answer = await this.request(url);
    }
    return { url, answer };
  }

  post(url, body) {
    return this.request(url, { method: "POST", body });
  }

  async json(method, url, body) {
    const answer = await this.request(url, {
      method, body: JSON.stringify(body), headers: { "content-type": "application/json" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 300)}`);
    return text && JSON.parse(text);
  }
}
