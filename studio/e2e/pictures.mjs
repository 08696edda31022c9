// Pictures of the studio for the guides, made from a workspace by one command:
//
//   ROADLOOP=binary WORKSPACE=folder node e2e/pictures.mjs FOLDER
//
// Each is 1440 × 900 pixels, or 390 × 844 where the window is narrow, and has less than 200 kB.

import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeChecks, pathOf, until } from "./studio/checks.mjs";
import { startStudio } from "./studio/start.mjs";

const MOST_BYTES = 200_000;
const QUALITIES = [82, 76, 70, 62, 54];

const folder = process.argv[2];
if (folder === undefined) throw new Error("name a folder for the pictures");
mkdirSync(folder, { recursive: true });
const studio = await startStudio();
const { check, result } = makeChecks(studio);

/** All images of the page are there, and nothing is on its way. */
async function settled(page) {
  await until(
    () => page.evaluate(() => [...document.images].every((image) => (image.loading === "lazy" && image.getBoundingClientRect().top > innerHeight) || (image.complete && image.naturalWidth > 0)) && document.querySelector('[class*="animate-"]') === null),
    "a page that is done",
  );
  await page.evaluate(() => document.fonts.ready);
}

async function picture(name, show, options) {
  await check(name, async (see, page, api) => {
    await show(see, page, api);
    await settled(page);
    const path = join(folder, `${name}.jpg`);
    for (const quality of QUALITIES) {
      await page.screenshot({ path, type: "jpeg", quality, animations: "disabled" });
      if (statSync(path).size < MOST_BYTES) return;
    }
    assert.fail(`${path} has ${statSync(path).size} bytes`);
  }, options);
}

const filter = { q: "has(person, conf >= 0.8) and camera = camera__front" };
const grid = async (see, page) => {
  await see.catalog(filter);
  await page.locator('[role="gridcell"] img').first().waitFor();
  await page.getByRole("slider", { name: /^frames over time/ }).waitFor();
};
const withFace = async (api) => (await api.frames("has(face, conf >= 0.8) and has(car) and has(license_plate)"))[0];

await picture("studio-catalog", grid);
await picture("studio-catalog-dark", grid, { theme: "dark" });
await picture("studio-frame", async (see, page, api) => {
  await see.frame(await withFace(api), { q: "has(face)" });
  await page.getByRole("region", { name: "The drive" }).waitFor();
});
await picture("studio-editor", async (see, page, api) => {
  await see.frame(await withFace(api));
  await page.keyboard.press("e");
  await page.locator("[data-saving]").waitFor();
  await page.getByRole("listbox", { name: "Boxes" }).getByRole("option").first().click();
});
await picture("studio-recording", async (see, page, api) => {
  const [{ recording }] = await api.get("recordings");
  await see.open(`/recordings/${recording}`);
  await page.getByRole("application").waitFor();
});
await picture("studio-anonymisation", async (see, page) => {
  await see.open("/check");
  await page.getByRole("region", { name: "Before and after" }).waitFor();
});
await picture("studio-map", async (see, page) => {
  await see.catalog({ q: "has(person)", as: "map" });
  await page.getByRole("application").waitFor();
});
await picture("studio-narrow", async (see, page) => {
  await grid(see, page);
}, { width: 390, height: 844 });
await picture("studio-frame-narrow", async (see, page, api) => {
  await see.open(pathOf(await withFace(api)));
  await page.getByRole("tab", { name: /^Boxes/ }).waitFor();
}, { width: 390, height: 844 });

await studio.stop();
process.exit(result.failed.length === 0 ? 0 : 1);
