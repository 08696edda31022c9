// One check after the other in one browser's page, of which nothing is kept from one to the
// next but what the server has. Whatever the page complains of fails its check.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Longer than any answer takes here, shorter than patience. */
const PATIENCE = 12_000;

/** Words that a browser says of an answer that was no success. */
const NO_SUCCESS = /status of (\d+)/;

/**
 * `check(name, body, options)`: `answers` are statuses that the body is about, such as 400;
 * `width`, `height`, `theme` and `touch` are those of the window.
 */
export function makeChecks(studio, only) {
  const api = apiOf(studio.api);
  const result = { done: 0, failed: [] };
  /** Of the check that runs. */
  const now = { trouble: [], answers: [], complaints: [] };
  let shared = null;

  async function fresh() {
    if (shared === null) {
      const context = await studio.browser.newContext({ reducedMotion: "reduce", acceptDownloads: true });
      context.setDefaultTimeout(PATIENCE);
      watch(context, studio.base, now);
      shared = await context.newPage();
    } else {
      await shared.evaluate(() => localStorage.clear()).catch(() => undefined);
      await shared.goto("about:blank");
    }
    return shared;
  }

  async function check(name, body, { answers = [], width = 1440, height = 900, theme = "light", complaints = [] } = {}) {
    if (only !== undefined && !name.includes(only)) return;
    const began = performance.now();
    const page = await fresh();
    // Whatever lies under a pointer that was left somewhere would be hovered.
    await page.mouse.move(0, 0);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme });
    const trouble = [];
    Object.assign(now, { trouble, answers, complaints });
    try {
      await body(person(page, studio), page, api);
      assert.deepEqual(trouble, [], "what the page complains of");
      console.log(`ok    ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      result.done++;
    } catch (error) {
      const picture = join(studio.shots, `failed-${name.replace(/\W+/g, "-")}.png`);
      await page.screenshot({ path: picture }).catch(() => undefined);
      console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, "      ")}\n${trouble.map((line) => `      it complains: ${line}\n`).join("")}      picture: ${picture}`);
      result.failed.push(name);
      // What is left of it is nobody's: the next check has a page of its own.
      await page.context().close();
      shared = null;
    }
  }
  return { check, result };
}

/** Errors, refusals by the page's policy, and questions to anybody but the studio. */
function watch(context, base, now) {
  const isMeant = (words) => {
    const status = NO_SUCCESS.exec(words)?.[1];
    return (status !== undefined && now.answers.includes(Number(status))) || now.complaints.some((meant) => meant.test(words));
  };
  context.on("weberror", (error) => now.trouble.push(`error: ${error.error().message}`));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isMeant(message.text())) now.trouble.push(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  context.on("dialog", (dialog) => {
    now.trouble.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && origin !== new URL(base).origin) now.trouble.push(`a request to ${origin}`);
  });
}

/** What a person does and sees. */
function person(page, studio) {
  const filter = page.getByRole("combobox", { name: "Filter" });
  const see = {
    page,
    filter,
    tiles: page.getByRole("gridcell"),
    boxesInGrid: page.locator('[role="gridcell"] svg[viewBox] rect'),
    async open(path) {
      await page.goto(studio.base + path);
      await page.locator("main h1").first().waitFor({ state: "attached" });
    },
    async catalog(view = {}) {
      const text = new URLSearchParams(view).toString();
      await see.open(`/${text === "" ? "" : `?${text}`}`);
    },
    async frame(frame, view = {}) {
      const text = new URLSearchParams(view).toString();
      await see.open(`${pathOf(frame)}${text === "" ? "" : `?${text}`}`);
      await page.getByRole("tab", { name: /^Boxes/ }).waitFor();
    },
    /** Waits until the catalog says so many frames. */
    async hits(number) {
      const said = page.getByRole("status").filter({ hasText: /^[\d,]+ frames?$/ });
      await until(async () => (await said.first().textContent())?.replace(/\D/g, "") === String(number), `${number} frames`, async () => said.first().textContent());
    },
    facet: (group, name) => page.getByRole("group", { name: group, exact: true }).getByRole("button", { name: new RegExp(`^${name}\\b`) }),
    /** The value of a word of the address. */
    word: (name) => new URL(page.url()).searchParams.get(name),
    async wordIs(name, value) {
      await until(() => see.word(name) === value, `${name} = ${value} in the address`, () => page.url());
    },
    async at(part) {
      await page.waitForURL((url) => decodeURIComponent(url.pathname) === part);
    },
    titled: (title) => until(async () => (await page.title()) === title, `the title ${title}`, () => page.title()),
    focused: () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.tagName ?? ""),
    async audit(what) {
      if ((await page.evaluate(() => "axe" in globalThis)) === false) await page.evaluate(axe);
      // What is only said, for a moment, is react-aria's own.
      const { violations } = await page.evaluate(() => globalThis.axe.run({ exclude: [["[data-live-announcer]"]] }, { resultTypes: ["violations"] }));
      const serious = violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join("; ")}`);
      assert.deepEqual(serious, [], what);
    },
    /** An image that is there, not only asked for. */
    async image(locator) {
      await until(() => locator.evaluate((image) => image.complete && image.naturalWidth > 0), "an image");
    },
  };
  return see;
}

/** Tries until it is so, or gives up with words. */
export async function until(isSo, what, found = () => "") {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const so = await Promise.resolve().then(isSo).catch(() => false);
    if (so) return so;
    if (Date.now() > end) assert.fail(`waited in vain for ${what}; there is ${await Promise.resolve().then(found).catch(String)}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

export function pathOf({ recording, camera, sequence }) {
  return `/frames/${encodeURIComponent(recording)}/${encodeURIComponent(camera)}/${sequence}`;
}

/** The API as another client asks it. */
function apiOf(address) {
  let csrf;
  async function ask(method, path, body, headers = {}) {
    if (method !== "GET") csrf ??= (await ask("GET", "/api/v1/me")).csrf;
    const response = await fetch(address + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...(method !== "GET" && { "x-roadloop-csrf": csrf }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} gave ${response.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }
  const get = (path, query = {}) => ask("GET", `/api/v1/${path}?${new URLSearchParams(query)}`);
  return {
    get,
    total: async (filter) => (await get("frames", { filter, limit: 1 })).total,
    frames: async (filter, limit = 200) => (await get("frames", { filter, limit })).frames,
    frame: (frame) => ask("GET", `/api/v1${pathOf(frame)}`),
    /** Saves boxes as somebody else, on what is there. */
    async annotate(frame, boxes) {
      const now = (await ask("GET", `/api/v1${pathOf(frame)}`)).annotation;
      const headers = now == null ? { "if-none-match": "*" } : { "if-match": `"${now.revision}"` };
      return ask("PUT", `/api/v1${pathOf(frame)}/annotation`, { boxes }, headers);
    },
  };
}
