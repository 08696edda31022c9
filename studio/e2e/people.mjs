// The studio where people log in, in a real browser: invited, in, out, and no further than
// their role goes. Takes ROADLOOP, WORKSPACE and CHROMIUM as studio.mjs does.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const ARGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PASSWORD = "a long enough sentence";

const { ROADLOOP, WORKSPACE, CHROMIUM = "/usr/bin/chromium" } = process.env;
if (ROADLOOP === undefined || WORKSPACE === undefined) throw new Error("ROADLOOP names the binary and WORKSPACE a folder with some frames");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "studio-people-"));
const workspace = join(folder, "workspace");
cpSync(WORKSPACE, workspace, { recursive: true });

const invite = (role, base) => execFileSync(ROADLOOP, ["--quiet", "--workspace", workspace, "users", "invite", "--role", role, "--url", base]).toString().trim();
const first = invite("admin", "http://later");
const server = spawn(ROADLOOP, ["--workspace", workspace, "studio", "--login", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
const base = await new Promise((resolve, reject) => {
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
const browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox", ...ARGS] : ARGS });

/** A browser of somebody's own, with what its pages complain of. */
async function person() {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  context.setDefaultTimeout(12_000);
  const page = await context.newPage();
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("console", (message) => {
    // Who is not logged in, or may not, is answered so.
    if (message.type() === "error" && !/status of (401|403)/.test(message.text())) trouble.push(message.text());
  });
  return { context, page, trouble };
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
  return one;
}

async function isAccessible(page) {
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

let failed = 0;
async function check(name, body) {
  try {
    await body();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, "      ")}`);
  }
}

let admin;
await check("nobody is let in without a name", async () => {
  const { page, trouble } = await person();
  await page.goto(`${base}/?q=has(person)`);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await isAccessible(page);
  await page.getByLabel(/^Name/).fill("ada");
  await page.getByLabel(/^Password/).fill("something else here");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").getByText(/wrong/).waitFor();
  assert.deepEqual(trouble, []);
  await page.context().close();
});

await check("who is invited comes in, once", async () => {
  admin = await come(first, "ada");
  await admin.page.getByRole("grid", { name: /^Frames/ }).waitFor();
  const again = await person();
  await again.page.goto(first.replace("http://later", base));
  await again.page.getByRole("heading", { name: /no longer good/ }).waitFor();
  await again.context.close();
  assert.deepEqual(admin.trouble, []);
});

await check("an administrator invites, and sees what was done", async () => {
  const { page, trouble } = admin;
  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("heading", { name: "People" }).waitFor();
  await page.getByText("you", { exact: true }).waitFor();
  await isAccessible(page);
  await page.getByRole("tab", { name: "Invitations" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.getByText(`${base}/invite#`).textContent();
  const vera = await come(link, "vera");
  await page.getByRole("tab", { name: "What was done" }).click();
  await page.getByText("accept invitation").first().waitFor();
  // A viewer sees, and changes nothing.
  await vera.page.getByRole("grid", { name: /^Frames/ }).waitFor();
  await vera.page.getByRole("gridcell").first().waitFor();
  for (const name of ["Tag…", "Save…", "Export"]) assert.equal(await vera.page.getByRole("button", { name }).count(), 0, name);
  assert.equal(await vera.page.getByRole("radio", { name: "Raw" }).count(), 0);
  await vera.page.getByRole("link", { name: "People" }).click();
  await vera.page.getByRole("tab", { name: "My API tokens" }).waitFor();
  assert.equal(await vera.page.getByRole("tab", { name: "Users" }).count(), 0);
  assert.deepEqual([trouble, vera.trouble], [[], []]);
  await vera.context.close();
});

await check("a worker sees nothing of the catalog", async () => {
  const { page, context } = await come(invite("worker", base), "wim");
  await page.getByText("Nothing to see here").waitFor();
  assert.equal(await page.getByRole("link", { name: "Catalog" }).count(), 0);
  await context.close();
});

await check("a token does what it is for, until it is revoked", async () => {
  const { page } = admin;
  await page.getByRole("tab", { name: "My API tokens" }).click();
  await page.getByLabel("A token for").fill("nightly");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = await page.locator("code").getByText(/^rl_/).textContent();
  const ask = () => fetch(`${base}/api/v1/frames?limit=1`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask()).status, 200);
  await page.getByRole("button", { name: "Revoke nightly" }).click();
  await page.getByRole("button", { name: "Revoke nightly" }).waitFor({ state: "detached" });
  assert.equal((await ask()).status, 401);
});

await check("who is let in no more is out at once", async () => {
  const { page } = admin;
  const bob = await come(invite("reviewer", base), "bob");
  await bob.page.getByRole("gridcell").first().waitFor();
  await page.goto(`${base}/people`);
  await page.getByRole("button", { name: "More about bob" }).click();
  await page.getByRole("menuitem", { name: "Let in no more" }).click();
  await page.getByText("let in no more").waitFor();
  await bob.page.goto(`${base}/recordings`);
  await bob.page.getByRole("heading", { name: "Log in" }).waitFor();
  await bob.context.close();
});

await check("who logs out is out", async () => {
  const { page, trouble } = admin;
  await page.getByRole("button", { name: /^ada/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await page.getByLabel(/^Name/).fill("ada");
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("grid", { name: /^Frames/ }).waitFor();
  assert.deepEqual(trouble, []);
});

await browser.close();
server.kill("SIGKILL");
rmSync(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
