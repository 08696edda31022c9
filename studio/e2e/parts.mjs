// Looks at all parts with made-up data, in a browser: how fast the grid scrolls, what keys do,
// what a screen reader would miss; and takes pictures of them. Names the checks that fail.
//
//   node e2e/parts.mjs          SHOTS=folder for the pictures, CHROMIUM=path of the browser

import { join } from "node:path";
import { shots, start, startBuilt } from "./browser.mjs";
import { pictures } from "./parts.pictures.mjs";
import { speed } from "./parts.speed.mjs";

const { base, browser, stop } = await start();
const built = await startBuilt();
let failed = 0;

function check(what, isRight, found = "") {
  if (!isRight) failed++;
  console.log(`${isRight ? "ok  " : "FAIL"} ${what}${isRight && found === "" ? "" : `  ${typeof found === "string" ? found : JSON.stringify(found)}`}`);
}

async function open(part, { width = 1440, height = 900, theme = "light", touch = false, from = base } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, hasTouch: touch });
  const page = await context.newPage();
  page.on("pageerror", (error) => check(`no error on ${part}`, false, error.message));
  page.on("console", (message) => {
    if (message.type() === "error") check(`no complaint on ${part}`, false, message.text());
  });
  await page.goto(`${from}#${part}`);
  await page.waitForSelector("main *");
  await page.waitForTimeout(500);
  return page;
}

const focusedIndex = (page) => page.evaluate(() => document.activeElement?.getAttribute("data-index"));
const gridState = (page) => page.evaluate(() => window.gridState);
const chartState = (page) => page.evaluate(() => window.chartState);

async function grid() {
  const page = await open("grid");
  await page.waitForSelector('[role="gridcell"] img');
  await page.locator('[data-index="0"]').click();
  check("a click selects one frame", (await gridState(page)).selected === 1);
  await page.locator('[data-index="9"]').click({ modifiers: ["Shift"] });
  check("shift and click selects a range", (await gridState(page)).selected === 10, await gridState(page));
  await page.locator('[data-index="4"]').click({ modifiers: ["Control"] });
  check("control and click takes one away", (await gridState(page)).selected === 9);
  await page.keyboard.press("Escape");
  check("Escape lets all go", (await gridState(page)).selected === 0);

  await page.locator('[data-index="0"]').click();
  const columns = Number(await page.locator('[role="grid"]').getAttribute("aria-colcount"));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  check("arrows move the focus", (await focusedIndex(page)) === String(1 + columns), await focusedIndex(page));
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowUp");
  check("shift and arrows grow and shrink a range", (await gridState(page)).selected === columns + 1 + 1, await gridState(page));
  await page.keyboard.press("End");
  await page.waitForTimeout(300);
  check("End is the last frame", (await focusedIndex(page)) === "99999", await focusedIndex(page));
  check("its row says which of all it is", (await page.evaluate(() => document.activeElement.parentElement.getAttribute("aria-rowindex"))) === String(Math.ceil(100_000 / columns)));
  await page.keyboard.press("PageUp");
  await page.waitForTimeout(200);
  check("PageUp keeps the focus in the page", Number(await focusedIndex(page)) < 99_999 && Number(await focusedIndex(page)) > 99_900, await focusedIndex(page));
  await page.keyboard.press("Enter");
  check("Enter opens", String((await gridState(page)).opened) === (await focusedIndex(page)));
  await page.evaluate(() => (document.querySelector('[role="grid"]').parentElement.scrollTop = 400_000));
  await page.waitForTimeout(300);
  check("the focus outlives scrolling away", (await focusedIndex(page)) !== null);
  await page.keyboard.press("Home");
  await page.waitForTimeout(300);
  check("Home is the first frame", (await focusedIndex(page)) === "0");
  const before = await page.evaluate(() => document.querySelector('[role="grid"]').parentElement.scrollTop);
  check("and it is in sight", before === 0, before);
  await page.keyboard.press("Space");
  check("Space toggles", (await gridState(page)).selected > 0);
  await page.screenshot({ path: join(shots, "grid-keys.png") });

  const firstInSight = () => page.evaluate(() => {
    const top = document.querySelector('[role="grid"]').parentElement.getBoundingClientRect().top;
    return Math.min(...[...document.querySelectorAll("[data-index]")].filter((tile) => tile.getBoundingClientRect().bottom > top).map((tile) => Number(tile.dataset.index)));
  });
  await page.evaluate(() => (document.querySelector('[role="grid"]').parentElement.scrollTop = 300_000));
  await page.waitForTimeout(300);
  const first = await firstInSight();
  await page.getByRole("slider", { name: "Size of the tiles" }).focus();
  for (let at = 0; at < 8; at++) await page.keyboard.press("ArrowLeft");
  await page.waitForTimeout(300);
  const narrow = await firstInSight();
  check("other sizes keep the place", Math.abs(narrow - first) < 12, [first, narrow]);
  await page.evaluate(() => (document.querySelector('[role="grid"]').parentElement.scrollTop = 600_000));
  await page.waitForTimeout(30);
  await page.screenshot({ path: join(shots, "grid-loading.png") });

  await page.context().close();
}

async function million() {
  const page = await open("grid");
  await page.getByRole("radio", { name: "1 000 000" }).click({ force: true });
  await page.waitForTimeout(400);
  const scroller = () => page.evaluate(() => {
    const element = document.querySelector('[role="grid"]').parentElement;
    const rows = [...document.querySelectorAll('[role="row"]')].map((row) => ({ row: Number(row.getAttribute("aria-rowindex")), top: row.getBoundingClientRect().top - element.getBoundingClientRect().top }));
    return { height: element.scrollHeight, top: element.scrollTop, client: element.clientHeight, rows, count: Number(document.querySelector('[role="grid"]').getAttribute("aria-rowcount")) };
  });
  const set = async (top) => {
    await page.evaluate((top) => (document.querySelector('[role="grid"]').parentElement.scrollTop = top), top);
    await page.waitForTimeout(500);
    return scroller();
  };
  const inSight = ({ rows, client }) => rows.filter(({ top }) => top > -10 && top < client).map(({ row }) => row);
  const first = await scroller();
  check("a million frames: the element stays below what browsers lay out", first.height <= 15_000_001, String(first.height));
  const last = await set(1e9);
  check("the bar's end is the last row", inSight(last).includes(last.count), inSight(last));
  const middle = await set(7_500_000);
  check("the bar's middle is about the middle row", Math.abs((inSight(middle)[0] ?? 0) / middle.count - 0.5) < 0.02, inSight(middle));
  await page.evaluate(() => (document.querySelector('[role="grid"]').parentElement.scrollTop += 120));
  await page.waitForTimeout(60);
  const stepped = await scroller();
  const moved = (row) => (middle.rows.find((other) => other.row === row)?.top ?? 0) - (stepped.rows.find((other) => other.row === row)?.top ?? 0);
  check("a step of 120 px moves rows by 120 px", Math.abs(moved(inSight(middle)[1]) - 120) < 1, String(moved(inSight(middle)[1])));
  await page.waitForTimeout(500);
  const rested = await scroller();
  check("at rest nothing jumps", JSON.stringify(inSight(rested)) === JSON.stringify(inSight(stepped)) && Math.abs(rested.rows[1].top - stepped.rows[1].top) < 1);
  await page.locator('[role="gridcell"]').nth(20).click();
  await page.keyboard.press("End");
  await page.waitForTimeout(400);
  check("End is the millionth frame", (await focusedIndex(page)) === "999999", await focusedIndex(page));
  await page.keyboard.press("ArrowUp");
  await page.waitForTimeout(200);
  check("and the keys go on from there", Number(await focusedIndex(page)) > 999_980, await focusedIndex(page));
  await page.context().close();
}

async function filter() {
  const page = await open("filter");
  await page.keyboard.press("/");
  check("a slash goes to a filter", (await page.evaluate(() => document.activeElement.getAttribute("role"))) === "combobox");
  const input = page.getByRole("combobox", { name: "Filter" }).first();
  await input.focus();
  await input.fill("");
  await page.keyboard.type("ha", { delay: 30 });
  await page.waitForSelector('[role="listbox"]');
  await page.keyboard.press("Tab");
  check("Tab accepts the first completion", (await input.inputValue()) === "has(", await input.inputValue());
  await page.waitForTimeout(120);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  check("the list says which one is meant", (await input.getAttribute("aria-activedescendant")) !== null);
  await page.screenshot({ path: join(shots, "filter-list.png") });
  await page.keyboard.press("Enter");
  check("arrows and Enter accept another", (await input.inputValue()) === "has(camper", await input.inputValue());
  await page.keyboard.type(")");
  await page.waitForTimeout(120);
  await page.keyboard.press("Escape");
  check("Escape closes the list only", (await page.locator('[role="listbox"]').count()) === 0 && (await input.inputValue()) === "has(camper)");
  await page.keyboard.press("Enter");
  check("Enter applies", (await page.evaluate(() => window.filterState.value)) === "has(camper)");
  await page.keyboard.press("Alt+ArrowUp");
  check("Alt and up is the filter before", (await input.inputValue()) === "camera = camera__front", await input.inputValue());
  await page.keyboard.press("Alt+ArrowDown");
  check("Alt and down comes back", (await input.inputValue()) === "has(camper)", await input.inputValue());
  await input.fill("has(persn) and tod = night");
  await page.waitForTimeout(900);
  check("a mistake is named", (await input.getAttribute("aria-invalid")) === "true");
  await page.screenshot({ path: join(shots, "filter-mistake.png") });
  const apart = await page.evaluate(() => [...document.querySelectorAll("[data-filterbar]")].map((bar) => {
    const [text, area] = [bar.querySelector("[aria-hidden].col-start-1"), bar.querySelector("textarea")];
    return Math.abs(text.offsetHeight - area.scrollHeight);
  }));
  check("colours and input are of one height", apart.every((pixels) => pixels <= 1), apart);
  await page.context().close();
}

async function charts() {
  const page = await open("charts");
  const line = page.getByRole("slider", { name: /frames over time/ }).first();
  await line.focus();
  for (let at = 0; at < 10; at++) await page.keyboard.press("ArrowRight");
  for (let at = 0; at < 5; at++) await page.keyboard.press("Shift+ArrowRight");
  const { range } = await chartState(page);
  check("keys mark a range of six buckets", range !== null && range[1] - range[0] === 6 * 5000, range);
  await page.getByRole("slider", { name: "Range to" }).focus();
  await page.keyboard.press("Shift+ArrowRight");
  check("keys move its end", (await chartState(page)).range[1] === range[1] + 50_000);
  await page.screenshot({ path: join(shots, "charts-range.png") });
  await page.keyboard.press("Escape");
  check("Escape lets it go", (await chartState(page)).range === null);
  const rim = await line.boundingBox();
  await page.mouse.move(rim.x + 200, rim.y + 30);
  await page.mouse.down();
  await page.mouse.move(rim.x + 420, rim.y + 30, { steps: 6 });
  await page.mouse.up();
  check("the mouse marks a range", (await chartState(page)).range !== null);
  const from = (await chartState(page)).playhead;
  await page.mouse.click(rim.x + 600, rim.y + 30);
  check("a click picks a time", (await chartState(page)).playhead !== from);

  const map = page.getByRole("application", { name: /Map of the drive/ });
  const paper = await map.boundingBox();
  const target = await map.locator("circle").last().boundingBox();
  await page.mouse.click(target.x + target.width / 2 + 5, target.y + target.height / 2 + 3);
  check("a click near a point picks one", Math.abs((await chartState(page)).picked - 420) < 12, String((await chartState(page)).picked));
  await map.focus();
  await page.keyboard.press(".");
  await page.keyboard.press("Enter");
  check("keys pick the next point", Number.isInteger((await chartState(page)).picked));
  await page.keyboard.down("Shift");
  await page.mouse.move(paper.x + 200, paper.y + 80);
  await page.mouse.down();
  await page.mouse.move(paper.x + 380, paper.y + 220, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  const { box } = await chartState(page);
  check("shift and drag draws a box", box !== null && box.south < box.north && box.west < box.east, box);
  await page.mouse.move(paper.x + 300, paper.y + 150);
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(200);
  await page.screenshot({ path: join(shots, "charts-map.png") });

  await page.mouse.move(rim.x + 300, rim.y + 30);
  await page.waitForTimeout(100);
  check("hovering says when and how many", await page.getByText(/ of \d+ frames$/).first().isVisible());
  await page.screenshot({ path: join(shots, "charts-hover.png") });

  await page.getByRole("button", { name: /^truck / }).click();
  check("a click asks for a label", (await chartState(page)).states.truck === "in");
  await page.getByRole("button", { name: /^car / }).click({ modifiers: ["Alt"] });
  check("Alt and click leaves one out", (await chartState(page)).states.car === "out");
  await page.getByRole("slider", { name: "Confidence" }).focus();
  await page.keyboard.press("ArrowRight");
  check("keys move the bound", Math.abs((await chartState(page)).bound - 0.46) < 1e-9);
  await page.context().close();
}

async function shell() {
  const page = await open("split");
  const border = page.getByRole("separator");
  await border.focus();
  await page.keyboard.press("ArrowLeft");
  check("keys move the border of a pane", (await border.getAttribute("aria-valuenow")) === "296", await border.getAttribute("aria-valuenow"));
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  check("the theme is the system's at first", (await theme()) === "light");
  await page.getByRole("radio", { name: "Dark" }).focus();
  await page.keyboard.press("Space");
  check("the theme can be chosen", (await theme()) === "dark");
  await page.reload();
  await page.waitForSelector("main *");
  check("and is kept", (await theme()) === "dark");
  await page.getByRole("link", { name: "Filter" }).click();
  check("the rail leads to other pages", (await page.getByRole("heading", { level: 1 }).textContent()) === "Filter");
  await page.getByRole("button", { name: "Narrow the rail" }).click();
  check("the rail becomes narrow", (await page.getByRole("navigation", { name: "Studio" }).boundingBox()).width < 60);
  await page.screenshot({ path: join(shots, "shell-narrow.png") });
  await page.context().close();
}

/** Each page under a policy without inline styles and scripts; complaints are failed checks. */
async function policy() {
  for (const part of ["ui", "grid", "filter", "charts"]) {
    const page = await open(part, { from: built.base });
    if (part === "ui") {
      await page.getByRole("button", { name: "Actions" }).click();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Dialog…" }).click();
      await page.getByRole("dialog").waitFor();
    }
    check(`${part} lives under a strict policy`, (await page.locator("main *").count()) > 0);
    await page.context().close();
  }
}

const parts = { speed: () => speed({ open, check, built }), grid, million, filter, charts, shell, policy, pictures: () => pictures({ open, check }) };
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    await run();
  } catch (error) {
    check(`${name} runs to its end`, false, String(error.stack ?? error).slice(0, 600));
  }
}
await built.stop();
await stop();
console.log(failed === 0 ? `all right; pictures in ${shots}` : `${failed} failed; pictures in ${shots}`);
process.exit(failed === 0 ? 0 : 1);
