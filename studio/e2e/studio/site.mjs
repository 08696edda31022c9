// The site's sources, served before the API of a studio that runs: by Vite as they are, or
// built as the binary embeds them and with the headers that the binary gives.

import { createReadStream, existsSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, createServer as createVite } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

export async function startDev(api) {
  const server = await createVite({ root, logLevel: "error", server: { host: "127.0.0.1", port: 0, hmr: false, watch: null, proxy: { "/api": api } } });
  await server.listen();
  const { port } = server.httpServer.address();
  return { address: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

export async function startBuilt(api, folder) {
  await build({ root, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
  const policy = (await fetch(api)).headers.get("content-security-policy");
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, api);
    if (pathname.startsWith("/api/")) return pass(api, request, response);
    const named = join(folder, pathname);
    const isFile = extname(pathname) !== "" && existsSync(named);
    if (!isFile && pathname.startsWith("/assets/")) return response.writeHead(404).end();
    const file = isFile ? named : join(folder, "index.html");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": pathname.startsWith("/assets/") ? "max-age=31536000, immutable" : "no-cache",
      "x-content-type-options": "nosniff",
      ...(policy !== null && { "content-security-policy": policy }),
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Hands a question to the API, which is to see its own name in it. */
function pass(api, request, response) {
  const { host } = new URL(api);
  const headers = { ...request.headers, host };
  if (headers.origin !== undefined) headers.origin = api;
  const asked = ask(new URL(request.url, api), { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
    answer.on("close", () => answer.complete || response.destroy());
  });
  asked.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on("close", () => asked.destroy());
  request.pipe(asked);
}
