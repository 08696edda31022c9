// One frame: along the drive, before and after anonymisation, its boxes edited, its tags,
// and where it came from.

import assert from "node:assert/strict";
import { pathOf, until } from "./checks.mjs";

export async function frame(check) {
  await check("along the drive by keys, by the strip and by the timeline", async (see, page, api) => {
    const [start] = await api.frames("camera = camera__front", 1);
    await see.frame({ ...start, sequence: start.sequence + 4 });
    const heading = page.getByRole("heading", { level: 1 });
    const isAt = (sequence) => until(async () => (await heading.textContent()).includes(`#${sequence}`), `frame ${sequence}`, () => heading.textContent());
    await isAt(start.sequence + 4);
    await page.keyboard.press("ArrowRight");
    await isAt(start.sequence + 5);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await isAt(start.sequence + 3);
    await see.titled(`camera__front #${start.sequence + 3} · roadloop`);
    await page.getByRole("navigation", { name: "Before and after" }).getByRole("link").filter({ hasText: /^\+0\.[12]/ }).first().click();
    await isAt(start.sequence + 4);
    await see.image(page.locator('main img[alt^="camera__front at"]'));
    const line = page.getByRole("region", { name: "The drive" }).getByRole("slider");
    const { x, y, width, height } = await line.boundingBox();
    await page.mouse.click(x + width - 3, y + height / 2);
    await until(async () => Number(/#(\d+)/.exec(await heading.textContent())?.[1]) > 30, "a frame late in the drive", () => heading.textContent());
  });

  await check("hits before and after within a filter", async (see, page, api) => {
    const hits = await api.frames("has(dog)");
    await see.frame(hits[1], { q: "has(dog)" });
    await page.getByText(`2 of ${hits.length} hits`).waitFor();
    await page.keyboard.press("Shift+ArrowRight");
    await see.at(pathOf(hits[2]));
    await page.getByText(`3 of ${hits.length} hits`).waitFor();
    await page.getByRole("button", { name: "The hit before" }).click();
    await see.at(pathOf(hits[1]));
  });

  await check("anonymised and raw, by click and by R", async (see, page, api) => {
    const [one] = await api.frames("has(face)", 1);
    await see.frame(one);
    const image = page.locator('main img[alt*=" at "]').first();
    const source = (which) => until(async () => (await image.getAttribute("src")).includes(`which=${which}`), `the ${which} image`, () => image.getAttribute("src"));
    await source("anonymized");
    await page.keyboard.press("r");
    await source("raw");
    await see.wordIs("show", "raw");
    await see.image(image);
    await page.getByRole("radio", { name: "Anonymised" }).check({ force: true });
    await source("anonymized");
    await see.wordIs("show", null);
    await page.keyboard.press("+");
    await page.getByRole("button", { name: "All of it" }).and(page.locator(":enabled")).waitFor();
    await page.keyboard.press("f");
    await page.getByRole("button", { name: "All of it", disabled: true }).waitFor();
  });

  await check("a frame is tagged, and the tag taken off", async (see, page, api) => {
    const [one] = await api.frames("camera = camera__rear", 1);
    await see.frame(one);
    await page.keyboard.press("t");
    await page.getByRole("dialog").getByLabel("Tag", { exact: true }).fill("odd");
    await page.getByRole("button", { name: "Put on" }).click();
    await page.getByRole("button", { name: "Remove odd" }).waitFor();
    assert.equal(await api.total("tag = odd"), 1);
    await page.getByRole("button", { name: "Remove odd" }).click();
    await page.getByText("No tags").waitFor();
    assert.equal(await api.total("tag = odd"), 0);
  });

  await check("lineage and details say where it came from", async (see, page, api) => {
    const [one] = await api.frames("has(face)", 1);
    const steps = await api.get(`frames/${one.recording}/${one.camera}/${one.sequence}/lineage`);
    await see.frame(one);
    await page.getByRole("tab", { name: "Lineage" }).click();
    await page.getByRole("tabpanel").getByRole("listitem").nth(steps.length - 1).waitFor();
    for (const { title } of steps) assert.ok(await page.getByRole("tabpanel").getByText(title, { exact: true }).first().isVisible(), title);
    await page.getByRole("tab", { name: "Details" }).click();
    await page.getByRole("tabpanel").getByText(`${one.width} × ${one.height}`).waitFor();
  });

  await check("the keys of a page are listed", async (see, page, api) => {
    const [one] = await api.frames("", 1);
    for (const [path, words] of [["/", "mark the frame"], [pathOf(one), "edit the boxes"], ["/check", "the frame before, the next one"], ["/recordings", "these keys"]]) {
      await (path === pathOf(one) ? see.frame(one) : see.open(path));
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).getByText(words).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await see.frame(one);
    await page.keyboard.press("e");
    await page.locator("[data-saving]").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys and mouse" }).waitFor();
    assert.equal(await page.getByRole("dialog").count(), 1);
  });
}
