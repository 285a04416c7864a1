// The HTTP side of a provider that runs in this process: it can go away and come back,
// and counts how often its keys are fetched.
import { once } from "node:events";
import { createServer } from "node:http";

export class Listener {
  keyFetches = 0;
  handler; // answers requests; may be replaced at any time
  #server;
  #port;
  #keysPath;

  constructor(port, keysPath) {
    this.origin = `http://localhost:${port}`;
    this.#port = port;
    this.#keysPath = keysPath;
  }

  async start() {
    this.#server = createServer((request, response) => {
      if (request.url === this.#keysPath) this.keyFetches++;
      this.handler(request, response);
    });
    await once(this.#server.listen(this.#port, "127.0.0.1"), "listening");
  }

  async stop() {
    if (!this.#server?.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
