// The catalog: the filter by keyboard and by clicks, links, marks, tags, selections, exports,
// time and place.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { until } from "./checks.mjs";

export async function catalog(check) {
  await check("a filter typed with completion finds frames", async (see, page, api) => {
    await see.catalog();
    await see.hits(await api.total(""));
    await page.keyboard.press("/");
    await page.keyboard.type("has(pers");
    await page.getByRole("option", { name: /^person/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type(", conf >= 0.8) and cam");
    await page.getByRole("option", { name: /^camera/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("= camera__f");
    await page.getByRole("option", { name: /^camera__front/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Control+Enter");
    const filter = "has(person, conf >= 0.8) and camera = camera__front";
    await see.wordIs("q", filter);
    await see.hits(await api.total(filter));
    await see.titled(`${filter} · roadloop`);
  });

  await check("a facet is a click away from the filter, and back", async (see, page, api) => {
    await see.catalog();
    await see.facet("labels", "face").click();
    await see.wordIs("q", "has(face)");
    await see.hits(await api.total("has(face)"));
    await see.facet("camera", "camera__rear").click();
    await see.wordIs("q", "has(face) and camera = camera__rear");
    await see.hits(await api.total("has(face) and camera = camera__rear"));
    assert.equal(await see.filter.inputValue(), "has(face) and camera = camera__rear");
    await see.facet("labels", "face").click();
    await see.facet("camera", "camera__rear").click();
    await see.wordIs("q", null);
    await see.hits(await api.total(""));
    await page.getByRole("group", { name: "labels" }).getByText("dog").hover();
    await page.getByRole("button", { name: "Leave out dog" }).click();
    await see.wordIs("q", "not has(dog)");
    await see.hits(await api.total("not has(dog)"));
    await page.goBack();
    await see.wordIs("q", null);
    await see.hits(await api.total(""));
  });

  await check("confidence hides boxes, or frames", async (see, page, api) => {
    await see.catalog();
    await see.boxesInGrid.first().waitFor();
    const before = await see.boxesInGrid.count();
    const slider = page.getByRole("slider", { name: "Detections by confidence" });
    await slider.focus();
    await page.keyboard.press("End");
    await see.wordIs("conf", "1.00");
    await until(async () => (await see.boxesInGrid.count()) < before, `fewer than ${before} boxes`);
    await page.keyboard.press("Home");
    await see.wordIs("conf", null);
    await until(async () => (await see.boxesInGrid.count()) === before, `${before} boxes again`);
    await see.facet("labels", "person").click();
    await page.getByRole("radio", { name: "Hide frames" }).check({ force: true });
    await slider.focus();
    for (let step = 0; step < 8; step++) await page.keyboard.press("PageUp");
    const filter = await until(() => /^has\(person, conf >= 0\.\d+\)$/.exec(see.word("q") ?? "")?.[0], "conf in the filter", () => page.url());
    await until(async () => Number(/>= (0\.\d+)/.exec(see.word("q"))?.[1]) >= 0.7, "conf >= 0.7", () => see.word("q"));
    await see.hits(await api.total(see.word("q")));
    assert.match(filter, /conf/);
  });

  await check("a wrong filter is told of under its place", async (see, page, api) => {
    await see.catalog();
    const wrong = "has(person) and camera ! x";
    const { error } = await api.get("filter", { text: wrong });
    await see.filter.fill(wrong);
    await page.getByRole("alert").filter({ hasText: error.message }).waitFor();
    const marked = page.locator("[data-filterbar] span.decoration-wavy");
    await marked.waitFor();
    assert.equal(await marked.textContent(), wrong.slice(error.from, error.to));
    // What was found before is still there, and nothing was asked with it.
    assert.equal(see.word("q"), null);
    await page.keyboard.press("Control+Enter");
    await page.getByText("This filter cannot be answered").waitFor();
    await page.getByRole("button", { name: "Show all frames" }).click();
    await see.hits(await api.total(""));
  }, { answers: [400] });

  await check("a link is the same view for somebody else", async (see, page, api) => {
    await see.catalog();
    await see.facet("labels", "truck").click();
    await see.hits(await api.total("has(truck)"));
    const slider = page.getByRole("slider", { name: "Detections by confidence" });
    await slider.focus();
    for (let step = 0; step < 5; step++) await page.keyboard.press("PageUp");
    await until(() => Number(see.word("conf")) >= 0.45, "a confidence in the address", () => page.url());
    await page.getByRole("radio", { name: "Raw" }).check({ force: true });
    await see.wordIs("show", "raw");
    const boxes = await see.boxesInGrid.count();
    const other = await page.context().browser().newContext({ viewport: { width: 1440, height: 900 } });
    try {
      const theirs = await other.newPage();
      await theirs.goto(page.url());
      await theirs.getByRole("status").filter({ hasText: `${await api.total("has(truck)")} frames` }).waitFor();
      assert.equal(await theirs.getByRole("radio", { name: "Raw" }).isChecked(), true);
      await until(async () => (await theirs.locator('[role="gridcell"] svg[viewBox] rect').count()) === boxes, `${boxes} boxes`);
      assert.match(await theirs.locator('[role="gridcell"] img').first().getAttribute("src"), /which=raw/);
    } finally {
      await other.close();
    }
  });

  await check("from the filter to a frame and back by keyboard alone", async (see, page, api) => {
    await see.catalog();
    await page.keyboard.press("/");
    await page.keyboard.type("has(car)");
    await page.keyboard.press("Control+Enter");
    await see.hits(await api.total("has(car)"));
    for (let tab = 0; tab < 60; tab++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.getAttribute("role") === "gridcell")) break;
    }
    const columns = Number(await page.getByRole("grid").getAttribute("aria-colcount"));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    const index = () => page.evaluate(() => document.activeElement?.getAttribute("data-index"));
    assert.equal(await index(), String(columns + 1));
    await page.keyboard.press("End");
    const last = (await api.total("has(car)")) - 1;
    await until(async () => (await index()) === String(last), "the last frame", index);
    await until(async () => !(await see.focused()).includes("loading"), "the last frame's words");
    const frames = await api.frames("has(car)");
    await page.keyboard.press("Enter");
    await see.at(`/frames/${frames[last].recording}/${frames[last].camera}/${frames[last].sequence}`);
    await page.getByText(`${last + 1} of ${last + 1} hits`).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("grid").waitFor();
    await until(async () => (await index()) === String(last), "the focus on the frame that was open", index);
    const tile = page.locator(`[data-index="${last}"]`);
    await until(() => tile.evaluate((element) => { const { top, bottom } = element.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; }), "that frame in sight");
  });

  await check("back keeps the place in the grid", async (see, page) => {
    await see.catalog();
    await page.locator('[role="gridcell"] img').first().waitFor();
    const top = () => page.getByRole("grid").evaluate((grid) => grid.parentElement.scrollTop);
    await page.getByRole("grid").evaluate((grid) => (grid.parentElement.scrollTop = 1210));
    const tile = page.locator('[data-index="30"]:has(img)');
    await tile.waitFor();
    const before = await top();
    await tile.click();
    await page.getByRole("tab", { name: /Boxes/ }).waitFor();
    await page.goBack();
    await page.getByRole("grid").waitFor();
    await until(async () => Math.abs((await top()) - before) < 2, `${before} scrolled`, top);
    await until(() => page.evaluate(() => document.activeElement?.getAttribute("data-index") === "30"), "the focus on the frame");
  });

  await check("frames are marked and tagged, and tags taken off", async (see, page, api) => {
    await see.catalog();
    await page.locator('[data-index="0"] img').waitFor();
    await page.locator('[data-index="0"]').focus();
    await page.keyboard.press("t");
    await page.getByRole("dialog", { name: "Tag 1 frame" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await page.getByText("1 frame marked").waitFor({ state: "detached" });
    await page.locator('[data-index="0"]').focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByText("3 frames marked").waitFor();
    await page.keyboard.press("t");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Tag", { exact: true }).fill("in bulk");
    await page.keyboard.press("Enter");
    await dialog.getByText(/cannot be a tag/).waitFor();
    await dialog.getByLabel("Tag", { exact: true }).fill("in_bulk");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await api.total("tag = in_bulk"), 3);
    await page.getByText("3 frames changed").waitFor();
    // The keys go on where they were.
    await until(() => page.evaluate(() => document.activeElement?.getAttribute("role") === "gridcell"), "the focus in the grid");
    await see.facet("tag", "in_bulk").click();
    await see.hits(3);
    await page.getByRole("button", { name: "Tag…" }).first().click();
    await page.getByRole("dialog").getByLabel("Tag", { exact: true }).fill("in_bulk");
    await page.getByRole("button", { name: "Take off" }).click();
    await see.hits(0);
    assert.equal(await api.total("tag = in_bulk"), 0);
  }, { answers: [400] });

  await check("a selection is saved and used", async (see, page, api) => {
    await see.catalog({ q: "has(dog)" });
    const number = await api.total("has(dog)");
    await see.hits(number);
    await page.getByRole("button", { name: "Save…" }).click();
    await page.getByLabel("Name", { exact: true }).fill("dogs");
    await page.keyboard.press("Enter");
    await page.getByText("Saved as dogs, version 1").waitFor();
    await page.getByRole("button", { name: "Saved selections" }).click();
    await page.getByRole("button", { name: /^dogs v1/ }).click();
    await see.wordIs("q", "selection = dogs");
    await see.hits(number);
  });

  await check("exports hold what was found", async (see, page, api) => {
    const filter = "has(dog)";
    await see.catalog({ q: filter });
    const frames = await api.frames(filter);
    await see.hits(frames.length);
    const take = async (form) => {
      await page.getByRole("button", { name: "Export" }).click();
      const download = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: form, exact: true }).click();
      return readFile(await (await download).path(), "utf8");
    };
    const names = frames.map(({ recording, camera, sequence }) => `${recording}/${camera}/${sequence}`).sort();
    const rows = (await take("JSON lines")).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(rows.map(({ recording, camera, sequence }) => `${recording}/${camera}/${sequence}`).sort(), names);
    assert.ok(rows.every(({ detections }) => detections.some(({ label }) => label === "dog")));
    const [head, ...lines] = (await take("CSV")).trim().split(/\r?\n/);
    assert.match(head, /^recording,camera,sequence,/);
    assert.deepEqual(lines.map((line) => line.split(",").slice(0, 3).join("/")).sort(), names);
  });

  await check("a stretch of time is marked", async (see, page, api) => {
    await see.catalog();
    const line = page.getByRole("slider", { name: /^frames over time/ });
    await line.waitFor();
    const { x, y, width, height } = await line.boundingBox();
    await page.mouse.move(x + width * 0.25, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.4, y + height / 2);
    await page.mouse.move(x + width * 0.6, y + height / 2);
    await page.mouse.up();
    const filter = await until(() => (see.word("q")?.startsWith("time in ") ? see.word("q") : null), "a time in the filter", () => page.url());
    const number = await api.total(filter);
    assert.ok(number > 0 && number < (await api.total("")));
    await see.hits(number);
    await page.getByRole("slider", { name: "Range to" }).focus();
    await page.keyboard.press("Delete");
    await see.wordIs("q", null);
  });

  await check("a place on the map is a frame", async (see, page, api) => {
    await see.catalog({ as: "map" });
    const map = page.getByRole("application", { name: /^Where frames were taken/ });
    await map.waitFor();
    await map.focus();
    await page.keyboard.press(".");
    await page.getByText(/#\d+ · \d{4}-/).waitFor();
    const ring = await page.locator('[role="application"] circle').first().boundingBox();
    await page.mouse.click(ring.x + ring.width / 2, ring.y + ring.height / 2);
    await page.waitForURL(/\/frames\//);
    await page.getByRole("tab", { name: /Boxes/ }).waitFor();
    await page.goBack();
    await page.getByRole("application", { name: /^Where frames were taken/ }).focus();
    await page.keyboard.press("b");
    const filter = await until(() => (see.word("q")?.startsWith("in_box(") ? see.word("q") : null), "a box in the filter", () => page.url());
    await see.hits(await api.total(filter));
  });
}
