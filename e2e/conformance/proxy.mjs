// Adds a token to what the conformance tests send, which know of none. It passes on
// whatever else they send, foreign Host and Origin headers too; only its own address
// becomes the server's. The token is in TOKEN_FILE, or else admin signs in for it.

import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { Client, discover } from "../foreign/client.mjs";
import { approve } from "../signin.mjs";

const { SERVER_URL, PROXY_PORT, TOKEN_FILE } = process.env;
const server = new URL(SERVER_URL);
const access = TOKEN_FILE ? readFileSync(TOKEN_FILE, "utf8") : await signIn();

const own = new RegExp(`^(http://)?(localhost|127\\.0\\.0\\.1):${PROXY_PORT}$`);
const translate = (name, value) => own.test(value) ? value.replace(own, `$1${server.host}`) : value;

async function signIn() {
  const { server: authorization } = await discover(SERVER_URL);
  const client = await Client.register(authorization);
  return (await client.signIn((url) => approve(url, "admin"), { scope: "create:todos read:todos delete:todos", resource: SERVER_URL })).access;
}

createServer((incoming, outgoing) => {
  const headers = { ...incoming.headers, authorization: `Bearer ${access}` };
  for (const name of ["host", "origin"]) if (headers[name]) headers[name] = translate(name, headers[name]);
  const onward = request({ host: "127.0.0.1", port: server.port, method: incoming.method, path: incoming.url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy()); // a client that goes away is seen to
  incoming.pipe(onward);
}).listen(Number(PROXY_PORT), "127.0.0.1", () => console.log("listening"));
