// The box editor as a person handles it: what its end-to-end checks speak in.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
export const IMAGE = { width: 1280, height: 720 };

export async function start(only) {
  const shots = process.env.SHOTS ?? mkdtempSync(join(tmpdir(), "boxeditor-"));
  const port = await freePort();
  const server = await createServer({
    root,
    logLevel: "error",
    server: { host: "127.0.0.1", port, strictPort: true, hmr: false },
  });
  await server.listen();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  let failed = 0;

  /** Each check has a page of its own, with nothing kept from the one before. */
  const check = async (name, query, body, options = {}) => {
    if (only !== undefined && !name.includes(only)) return;
    const context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
    const page = await context.newPage();
    const trouble = [];
    page.on("pageerror", (error) => trouble.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") trouble.push(message.text());
    });
    try {
      await page.goto(`http://127.0.0.1:${port}/boxeditor.html?${query}`);
      await page.locator("h1").waitFor();
      const editor = driver(page, shots);
      if (!query.includes("view")) await editor.image();
      await body(editor, page);
      assert.deepEqual(trouble, [], "the page complains");
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}\n${error.stack}`);
      await page.screenshot({ path: join(shots, `failed-${name.replace(/\W+/g, "-")}.png`) });
    } finally {
      await context.close();
    }
  };

  const finish = async () => {
    await browser.close();
    await server.close();
    console.log(failed === 0 ? `all well, pictures in ${shots}` : `${failed} failed, pictures in ${shots}`);
    process.exit(failed === 0 ? 0 : 1);
  };
  return { check, finish };
}

function driver(page, shots) {
  const image = async () => {
    const box = await page.locator("[role=application] img").boundingBox();
    assert.ok(box !== null);
    return box;
  };
  const at = async (x, y) => {
    const box = await image();
    return [box.x + (x * box.width) / IMAGE.width, box.y + (y * box.height) / IMAGE.height];
  };
  // The panel follows the image when there is time.
  const calm = () => page.locator("[data-calm=true]").waitFor();
  const field = (name) => page.getByLabel(`${name} in pixels`);
  return {
    page,
    image,
    at,
    field,
    async press(...keys) {
      for (const key of keys) await page.keyboard.press(key);
    },
    async drag(from, to, held = []) {
      await page.mouse.move(...(await at(...from)));
      for (const key of held) await page.keyboard.down(key);
      await page.mouse.down();
      const end = await at(...to);
      await page.mouse.move(...(await at((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)));
      await page.mouse.move(...end);
      await page.mouse.up();
      for (const key of held) await page.keyboard.up(key);
    },
    async click(x, y) {
      await page.mouse.click(...(await at(x, y)));
    },
    /** The selected box as its fields show it. */
    async selected() {
      await calm();
      const names = ["Left", "Top", "Width", "Height"];
      return Promise.all(names.map(async (name) => Number(await field(name).inputValue())));
    },
    async label() {
      await calm();
      const text = await page.getByRole("button", { name: /^Class: / }).getAttribute("aria-label");
      return text.replace(/^Class: (.*)\. Choose another$/, "$1");
    },
    async count() {
      await calm();
      return page.getByRole("listbox", { name: "Boxes" }).getByRole("option").count();
    },
    async said() {
      return (await page.getByRole("status").textContent()).replaceAll("\u00a0", "");
    },
    async saving() {
      await calm();
      return page.locator("[data-saving]").getAttribute("data-saving");
    },
    async canUndo() {
      await calm();
      return page.getByRole("button", { name: "Undo" }).isEnabled();
    },
    async stored() {
      return JSON.parse(await page.locator("#stored").textContent());
    },
    async save() {
      await page.keyboard.press("Control+s");
      await page.locator("[data-saving=saved]").waitFor();
      return JSON.parse(await page.locator("#stored").textContent());
    },
    async reload() {
      await page.waitForTimeout(400);
      await page.reload();
      await image();
    },
    async shot(name) {
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(shots, `${name}.png`) });
    },
    async audit(what) {
      await page.addScriptTag({ path: join(root, "node_modules/axe-core/axe.min.js") });
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      const serious = violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
      assert.deepEqual(serious, [], what);
    },
  };
}

export function near(found, expected, slack = 1) {
  found.forEach((value, place) => {
    const isNear = Math.abs(value - expected[place]) <= slack;
    assert.ok(isNear, `${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
  });
}

function freePort() {
  return new Promise((done, fail) => {
    const socket = createSocket();
    socket.on("error", fail);
    socket.listen(0, "127.0.0.1", () => {
      const { port: free } = socket.address();
      socket.close(() => done(free));
    });
  });
}
