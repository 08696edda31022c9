// The studio where people log in, and people who come to it: each in a browser of their own.
// Takes ROADLOOP, WORKSPACE, CHROMIUM and SITE as studio/start.mjs does.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { startBuilt } from "./studio/site.mjs";

const ARGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const PASSWORD = "a long enough sentence";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A server on a copy of the workspace, and a browser. Where each check goes on from the one
 * before, the first that fails is the last that says anything. */
export async function startCrowd({ isChain = false } = {}) {
  const { ROADLOOP, WORKSPACE, SITE = "embedded", CHROMIUM = "/usr/bin/chromium", SHOTS } = process.env;
  if (ROADLOOP === undefined || WORKSPACE === undefined) throw new Error("ROADLOOP names the binary and WORKSPACE a folder with some frames");
  const folder = mkdtempSync(join(tmpdir(), "studio-people-"));
  const workspace = join(folder, "workspace");
  cpSync(WORKSPACE, workspace, { recursive: true });
  /** A link with which somebody comes in. */
  const invite = (role, base = "http://later") => execFileSync(ROADLOOP, ["--quiet", "--workspace", workspace, "users", "invite", "--role", role, "--url", base]).toString().trim();
  // Without somebody who may come in, nobody is let in at all.
  const first = invite("admin");
  const server = spawn(ROADLOOP, ["--workspace", workspace, "studio", "--login", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  const address = await new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk) => {
      said += chunk;
      const found = /listening on (http:\/\/\S+)/.exec(said);
      if (found !== null) resolve(found[1]);
    };
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.on("exit", () => reject(new Error(said)));
  });
  const site = SITE === "built" ? await startBuilt(address, join(folder, "dist")) : { address, stop: async () => undefined };
  const base = site.address;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox", ...ARGS] : ARGS });
  let failed = 0;
  const everybody = [];

  /** A browser of somebody's own, with what its pages complain of. */
  async function person(options = {}) {
    const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1360, height: 860 }, ...options });
    context.setDefaultTimeout(12_000);
    const page = await context.newPage();
    const one = { context, page, trouble: [], answers: [] };
    context.on("weberror", ({ error }) => one.trouble.push(error().message));
    context.on("console", (message) => {
      // Who is not logged in, or may not, is answered so.
      const isExpected = /status of (401|403)/.test(message.text()) || one.answers.some((part) => message.text().includes(part));
      const where = message.location().url.replace(/^https?:\/\/[^/]+/, "");
      if (message.type() === "error" && !isExpected) one.trouble.push(`${message.text()} ${where}`);
    });
    everybody.push(one);
    return one;
  }

  /** Takes an invitation, and is in. */
  async function come(link, name) {
    const one = await person();
    await one.page.goto(link.replace("http://later", base));
    await one.page.getByLabel(/^Your name here/).fill(name);
    await one.page.getByLabel(/^Password/).fill(PASSWORD);
    await one.page.getByLabel(/^Once more/).fill(PASSWORD);
    await one.page.getByRole("button", { name: "Come in" }).click();
    await one.page.getByRole("navigation", { name: "Studio" }).waitFor();
    return { ...one, name };
  }

  async function check(name, body) {
    const began = performance.now();
    if (isChain && failed > 0) return console.log(`left  ${name}`);
    try {
      await body();
      console.log(`ok    ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, "      ")}`);
      for (const [at, { page, trouble }] of everybody.entries()) {
        for (const line of new Set(trouble)) console.log(`      page ${at} complains: ${line}`);
        if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `failed-${name.replace(/\W+/g, "-")}-${at}.png`) }).catch(() => undefined);
      }
    }
  }

  async function finish() {
    await browser.close();
    await site.stop();
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    process.exit(failed === 0 ? 0 : 1);
  }
  return { base, first, invite, person, come, check, finish };
}

export async function isAccessible(page) {
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    // What is only said, for a moment, is react-aria's own.
    // The page's own policy lets no script in but ours; the debugger may.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run({ exclude: [["[data-live-announcer]"]] }));
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), [], theme);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Asks the API as the page's person would. */
export function asked(page, method, path, body) {
  return page.evaluate(
    async ({ method, path, body }) => {
      const me = await (await fetch("/api/v1/me")).json();
      const headers = { "content-type": "application/json", "x-roadloop-csrf": me.csrf };
      const answer = await fetch(`/api/v1${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
      const text = await answer.text();
      const isJson = (answer.headers.get("content-type") ?? "").includes("json") && !(answer.headers.get("content-type") ?? "").includes("ndjson");
      return { status: answer.status, body: isJson && text !== "" ? JSON.parse(text) : text };
    },
    { method, path, body },
  );
}

/** Draws on the image; places are shares of its width and height. */
export async function draw(page, from, to) {
  const { x, y, width, height } = await page.getByRole("application").locator("img").boundingBox();
  const at = ([left, top]) => [x + left * width, y + top * height];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
  await page.mouse.move(...at(to));
  await page.mouse.up();
}

/** Until it is so. */
export async function until(value, what, patience = 12_000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await value();
    if (found) return found;
    assert.ok(Date.now() < end, `no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
