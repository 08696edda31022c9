// What the studio's end-to-end checks begin with: the real server on a copy of a workspace,
// its site, and a browser.
//
//   ROADLOOP=path      the binary
//   WORKSPACE=folder   with some frames; it is copied, so that nothing in it changes
//   SITE=embedded      the site in the binary (the usual one), `built` for one that is built
//                      from the sources now, `dev` for Vite's own server
//   CHROMIUM=path      the browser, /usr/bin/chromium else
//   SHOTS=folder       for pictures, a temporary one else

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { startBuilt, startDev } from "./site.mjs";

const ARGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The server on a copy of the workspace, and a browser for its site. `prepare(workspace,
 * folder, roadloop)` is done before the server is there. */
export async function startStudio({ prepare = async () => undefined } = {}) {
  const { ROADLOOP, WORKSPACE, SITE = "embedded", CHROMIUM = "/usr/bin/chromium", SHOTS } = process.env;
  if (ROADLOOP === undefined || WORKSPACE === undefined) throw new Error("ROADLOOP names the binary and WORKSPACE a folder with some frames");
  const folder = mkdtempSync(join(tmpdir(), "studio-"));
  const shots = SHOTS ?? join(folder, "shots");
  mkdirSync(shots, { recursive: true });
  const workspace = join(folder, "workspace");
  cpSync(WORKSPACE, workspace, { recursive: true });
  await prepare(workspace, folder, ROADLOOP);
  const server = await startServer(ROADLOOP, workspace);
  const site = SITE === "dev" ? await startDev(server.address) : SITE === "built" ? await startBuilt(server.address, join(folder, "dist")) : { address: server.address, stop: async () => undefined };
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: isRoot ? ["--no-sandbox", ...ARGS] : ARGS });
  return {
    api: server.address,
    base: site.address,
    browser,
    shots,
    /** Ends the server as a crash would; `revive` starts it at the same address. */
    kill: () => server.stop(),
    revive: async () => void (await server.again()),
    async stop({ keep = false } = {}) {
      await browser.close();
      await site.stop();
      await server.stop();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(binary, workspace) {
  let child;
  const start = (listen) =>
    new Promise((resolve, reject) => {
      child = spawn(binary, ["--workspace", workspace, "studio", "--listen", listen], { stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      const hear = (chunk) => {
        said += chunk;
        const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
        if (found !== null) resolve(found[1]);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", (code) => reject(new Error(`the studio ended with ${code}: ${said}`)));
      child.on("error", reject);
    });
  const address = await start("127.0.0.1:0");
  return {
    address,
    again: () => start(new URL(address).host),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", resolve);
        child.kill("SIGKILL");
      }),
  };
}
