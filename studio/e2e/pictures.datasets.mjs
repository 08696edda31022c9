// Pictures of a dataset for the guides, as pictures.mjs makes those of the catalog:
//
//   ROADLOOP=binary WORKSPACE=folder node e2e/pictures.datasets.mjs FOLDER
//
// `cargo xtask pictures` has made the dataset `crossing` before, images split one by one, so
// that the checks have something to find.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { startStudio } from "./studio/start.mjs";

const MOST_BYTES = 200_000;
const QUALITIES = [82, 76, 70, 62, 54];
const VERSION = "/datasets/crossing/1";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name a folder for the pictures");
const studio = await startStudio();

async function picture(page, name) {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const path = join(folder, `${name}.jpg`);
  for (const quality of QUALITIES) {
    await page.screenshot({ path, type: "jpeg", quality, animations: "disabled" });
    if (statSync(path).size < MOST_BYTES) return;
  }
  assert.fail(`${path} has ${statSync(path).size} bytes`);
}

try {
  const page = await studio.browser.newPage({ reducedMotion: "reduce", colorScheme: "light", viewport: { width: 1360, height: 860 } });
  page.setDefaultTimeout(12_000);
  await page.goto(`${studio.base}${VERSION}?tab=pictures`);
  await page.getByRole("img", { name: /^Where boxes are: / }).waitFor();
  await picture(page, "studio-dataset");
  await page.goto(`${studio.base}${VERSION}?tab=checks`);
  await page.getByRole("list", { name: "Findings" }).locator("img").first().waitFor();
  await picture(page, "studio-dataset-checks");
} finally {
  await studio.stop();
}
