// Starts the development server on a free port and a browser for it.

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build, createServer, preview } from "vite";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** As strict as a server can be: no inline style, no inline script. The pictures are made in the page. */
const POLICY = "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'";

export const shots = process.env.SHOTS ?? join(tmpdir(), "studio-parts");
mkdirSync(shots, { recursive: true });

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * The same page as it is served to people, for whoever measures: React's development build
 * notes a stack for every element it makes, and takes three times as long.
 */
export async function startBuilt() {
  const outDir = join(shots, "built");
  const what = { root, logLevel: "error", build: { outDir, emptyOutDir: true, target: "es2022", rolldownOptions: { input: join(root, "parts.html") } } };
  // The development server above has set it to its own.
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  await build(what);
  process.env.NODE_ENV = before;
  const server = await preview({ ...what, preview: { port: 0, host: "127.0.0.1", headers: { "Content-Security-Policy": POLICY } } });
  const { port } = server.httpServer.address();
  return { base: `http://127.0.0.1:${port}/parts.html`, stop: () => new Promise((done) => server.httpServer.close(done)) };
}

export async function start() {
  const server = await createServer({ root, logLevel: "error", server: { port: 0, host: "127.0.0.1", hmr: false, watch: null } });
  await server.listen();
  const { port } = server.httpServer.address();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
  return {
    base: `http://127.0.0.1:${port}/parts.html`,
    browser,
    async stop() {
      await browser.close();
      await server.close();
    },
  };
}

/** Scrolls by `step` pixels in each frame and gives the times between frames, in milliseconds. */
export function scrollTimes(page, { step, frames }) {
  return page.evaluate(
    ({ step, frames }) =>
      new Promise((resolve) => {
        const scroller = document.querySelector('[role="grid"]').parentElement;
        const times = [];
        let before = performance.now();
        let tiles = 0;
        const tick = (now) => {
          times.push(now - before);
          before = now;
          tiles = Math.max(tiles, document.querySelectorAll('[role="gridcell"]').length);
          if (times.length > frames) return resolve({ times: times.slice(1), tiles });
          scroller.scrollTop += step;
          requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);
      }),
    { step, frames },
  );
}

export function quantiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1));
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
