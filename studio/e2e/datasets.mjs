// The pages of datasets in a real browser: one of others is imported twice by the command
// line, one is built of the frames that are there, and both are looked at. Takes ROADLOOP, WORKSPACE, CHROMIUM, SITE and SHOTS as
// studio/start.mjs does; with an argument, only the checks whose names hold it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { CLASSES, writeCoco } from "./datasets/coco.mjs";
import { makeChecks, until } from "./studio/checks.mjs";
import { startStudio } from "./studio/start.mjs";

const NAME = "theirs";
const OURS = "ours";
const said = {};

const studio = await startStudio({
  prepare: async (workspace, folder, binary) => {
    const roadloop = (...args) => execFileSync(binary, ["--quiet", "--workspace", workspace, ...args], { stdio: ["ignore", "pipe", "inherit"] }).toString();
    for (const [version, isSecond] of [[1, false], [2, true]]) {
      const coco = join(folder, `coco-${version}`);
      said[version] = writeCoco(coco, { isSecond });
      const made = JSON.parse(roadloop("dataset", "import", coco, "--from", "coco", "--as", NAME, "--license", "CC0-1.0", "--json"));
      said[version].id = made.card.id;
    }
    roadloop("select", "", "--save", "all");
    roadloop("dataset", "build", OURS, "--from-selection", "all", "--labels", "models");
  },
});
const { check, result } = makeChecks(studio, process.argv[2]);
const page2 = `/datasets/${NAME}/2`;
const tiles = (page) => page.getByRole("grid", { name: "Images of the dataset" }).getByRole("gridcell");
const images = (page, number) => until(async () => (await page.getByRole("status").filter({ hasText: /^[\d,]+ images?$/ }).first().textContent()) === `${number} ${number === 1 ? "image" : "images"}`, `${number} images`);
const choose = async (page, label, option) => {
  await page.getByRole("button", { name: new RegExp(`${label}$`) }).click();
  await page.getByRole("option", { name: option }).click();
};

await check("the list has the newest version", async (see, page) => {
  await see.open("/datasets");
  await page.getByRole("link", { name: "Datasets" }).waitFor();
  const row = page.getByRole("row").filter({ hasText: NAME });
  const { images, boxes, train, val, id } = said[2];
  for (const part of ["version 2, 1 before", String(images), String(boxes), `train ${train}, val ${val}`, ...CLASSES, id.slice(0, 8)]) await row.getByText(part, { exact: false }).first().waitFor();
  await see.audit("the list");
  await row.getByRole("link", { name: NAME }).click();
  await see.at(page2);
});

for (const theme of ["light", "dark"]) {
  await check(`a version says what is in it, ${theme}`, async (see, page) => {
    await see.open(page2);
    await page.getByText(`${said[2].images} images, ${said[2].boxes} boxes, 2 classes`).waitFor();
    const split = (name) => page.getByRole("region", { name: "Splits" }).getByRole("row").filter({ hasText: name });
    assert.match(await split("train").textContent(), new RegExp(`^train${said[2].train}`));
    assert.match(await split("val").textContent(), new RegExp(`^val${said[2].val}`));
    const car = page.getByRole("region", { name: "Boxes of each class" }).getByRole("row").filter({ hasText: "car" });
    assert.ok((await car.textContent()).includes(String(said[2].cars)), await car.textContent());
    await page.getByText("CC0-1.0", { exact: true }).waitFor();
    await page.getByText(said[2].id.slice(0, 8)).waitFor();
    await see.audit("the overview");
    await page.keyboard.press("2");
    await see.wordIs("tab", "pictures");
    await page.getByRole("list", { name: "Boxes of each class", exact: true }).getByText("car").waitFor();
    await page.getByRole("img", { name: /^Where boxes are: / }).waitFor();
    await choose(page, "Class on the map", "person");
    await page.getByRole("img", { name: /^Where person are: / }).waitFor();
    await page.getByRole("region", { name: "Sizes of boxes", exact: true }).getByRole("button", { name: "Log" }).click();
    await see.audit("the pictures");
    await page.keyboard.press("6");
    await page.getByText(`roadloop dataset export ${NAME}@2 --to coco --out ${NAME}-coco`).waitFor();
    await see.audit("the export");
  }, { theme });
}

await check("images are narrowed down, and opened", async (see, page, api) => {
  await see.open(`${page2}?tab=images`);
  await images(page, said[2].images);
  await see.image(tiles(page).first().locator("img"));
  await see.audit("the grid");
  await choose(page, "Split", /^val/);
  await images(page, said[2].val);
  await see.wordIs("split", "val");
  await choose(page, "Split", "all splits");
  await choose(page, "State", /^nothing on them/);
  await images(page, said[2].empty);
  await page.getByRole("button", { name: "All images" }).click();
  await choose(page, "Class", /^person/);
  const { total, samples } = await api.get(`datasets/${NAME}/2/samples`, { class: "person" });
  await images(page, total);

  await tiles(page).first().click();
  const [first, second] = samples;
  await see.at(`${page2}/images/${first.name}`);
  await page.getByText(`1 of ${total}`).waitFor();
  await see.image(page.getByRole("img", { name: new RegExp(`^${first.name}`) }));
  assert.equal(await page.getByRole("list", { name: "Boxes", exact: true }).getByRole("button").count(), first.boxes.length);
  await page.getByRole("list", { name: "Boxes", exact: true }).getByRole("button").first().click();
  await see.audit("an image");
  await page.keyboard.press("j");
  await see.at(`${page2}/images/${second.name}`);
  // The address is there before the page is.
  await page.getByText(`2 of ${total}`).waitFor();
  await page.keyboard.press("Escape");
  await see.at(page2);
  await see.wordIs("class", "person");
});

await check("a finding leads to its images", async (see, page) => {
  await see.open(`${page2}?tab=checks`);
  const finding = page.getByRole("list", { name: "Findings" }).getByRole("listitem").filter({ hasText: /same image in splits/i }).first();
  await finding.waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await see.audit("the checks");
  await page.getByRole("radio", { name: "All images read" }).locator("xpath=ancestor::label").click();
  await see.wordIs("images", "all");
  await page.getByText(`All ${said[2].images} images were read`).waitFor();
  await see.audit("the checks of all images");
  await finding.getByRole("link").first().click();
  await page.waitForURL(/\/images\//);
  await page.getByRole("heading", { name: "Checks say" }).waitFor();
  await page.getByRole("link", { name: `${NAME}@2` }).click();
  await see.open(`${page2}?tab=images&only=findings`);
  await tiles(page).first().waitFor();
});

await check("what changed since the version before", async (see, page) => {
  await see.open(`${page2}?tab=changes`);
  const number = async (what) => Number((await page.getByText(what, { exact: true }).locator("xpath=..").locator("dd").textContent()).replace(/\D/g, ""));
  await page.getByText("images removed", { exact: true }).waitFor();
  assert.deepEqual([await number("images added"), await number("images removed"), await number("images with other boxes"), await number("boxes added")], [0, 1, 1, 1]);
  await see.audit("the changes");
  await page.getByRole("list", { name: "With other boxes" }).getByText("1 added").waitFor();
  // What is gone is to be seen in the version that had it.
  await page.getByRole("list", { name: "Removed" }).getByRole("link").click();
  await page.waitForURL(new RegExp(`/datasets/${NAME}/1/images/`));
  await page.getByRole("list", { name: "Boxes", exact: true }).waitFor();
  await see.open(page2);
  await choose(page, "Version", "version 1");
  await see.at(`/datasets/${NAME}/1`);
  await page.getByText("not the newest").waitFor();
});

await check("a frame and its datasets lead to each other", async (see, page, api) => {
  const [{ name, frame }] = (await api.get(`datasets/${OURS}/1/samples`, { limit: 1 })).samples;
  await see.open(`/datasets/${OURS}/1/images/${name}`);
  await page.getByRole("link", { name: "Its frame" }).click();
  await see.at(`/frames/${frame.recording}/${frame.camera}/${frame.sequence}`);
  await page.getByRole("tab", { name: "Lineage" }).click();
  const link = page.getByRole("link", { name: `${OURS}@1` });
  await link.waitFor();
  await see.audit("the lineage");
  await link.click();
  await see.at(`/datasets/${OURS}/1`);
});

await check("on a telephone nothing is cut off", async (see, page) => {
  for (const tab of ["overview", "pictures", "images", "checks", "changes", "export"]) {
    await see.open(`${page2}?tab=${tab}`);
    await page.getByRole("tabpanel").waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), tab);
    assert.ok(await page.getByRole("navigation", { name: "Studio" }).evaluate((rail) => rail.scrollWidth <= rail.clientWidth), "the navigation");
    await see.audit(tab);
  }
}, { width: 400, height: 820 });

await check("what is not there is said", async (see, page) => {
  await see.open("/datasets/nobody/1");
  await page.getByText("This dataset cannot be shown").waitFor();
  await page.getByRole("link", { name: "All datasets" }).click();
  await see.at("/datasets");
}, { answers: [404] });

const { done, failed } = result;
await studio.stop({ keep: failed.length > 0 });
console.log(`${done} ok, ${failed.length} failed`);
process.exit(failed.length === 0 && done > 0 ? 0 : 1);
