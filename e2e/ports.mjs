// Prints as many free loopback ports as the argument says. All are held until the last
// one is found, so that no two are the same.

import { once } from "node:events";
import { createServer } from "node:net";

const servers = Array.from({ length: Number(process.argv[2]) }, () => createServer().listen(0, "127.0.0.1"));
await Promise.all(servers.map((server) => once(server, "listening")));
console.log(servers.map((server) => server.address().port).join(" "));
servers.forEach((server) => server.close());
