// A frame's boxes edited: by mouse, by keyboard, against somebody else.

import assert from "node:assert/strict";
import { pathOf, until } from "./checks.mjs";

/** A script, were it not for text. */
const HOSTILE = "<img src=x onerror=alert(1)>";

export async function editing(check) {
  const boxes = (page) => page.getByRole("listbox", { name: "Boxes" }).getByRole("option");
  const saved = (page) => page.locator('[data-saving="saved"]').waitFor();

  async function edit(see, page, frame) {
    await see.frame(frame);
    await page.getByRole("button", { name: "Edit boxes" }).click();
    await page.getByRole("application").locator("img").waitFor();
    await until(() => boxes(page).count(), "boxes");
  }
  async function drag(page, from, to) {
    const { x, y, width, height } = await page.getByRole("application").locator("img").boundingBox();
    const at = ([left, top]) => [x + left * width, y + top * height];
    await page.mouse.move(...at(from));
    await page.mouse.down();
    await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
    await page.mouse.move(...at(to));
    await page.mouse.up();
  }
  const save = async (page) => {
    const put = page.waitForRequest((request) => request.method() === "PUT" && request.url().includes("/annotation"));
    await page.keyboard.press("Control+s");
    return (await put).postDataJSON();
  };

  await check("a box is drawn by mouse, saved and kept", async (see, page, api) => {
    const one = (await api.frames("camera = camera__front"))[6];
    await edit(see, page, one);
    const before = await boxes(page).count();
    await drag(page, [0.05, 0.05], [0.15, 0.2]);
    await until(async () => (await boxes(page).count()) === before + 1, "one more box");
    const sent = await save(page);
    await saved(page);
    assert.equal(sent.boxes.length, before + 1);
    const drawn = sent.boxes.at(-1);
    assert.ok(Math.abs(drawn.left - 0.05 * one.width) < 3 && Math.abs(drawn.width - 0.1 * one.width) < 4, JSON.stringify(drawn));
    await page.getByText(/^edited by /).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.reload();
    await page.getByText(/^edited by /).waitFor();
    await page.getByRole("tab", { name: `Boxes ${before + 1 + one.boxes.filter(({ kind }) => kind !== "object").length}` }).waitFor();
    assert.equal((await api.frame(one)).annotation.boxes.length, before + 1);
  });

  await check("boxes are edited by keyboard alone", async (see, page, api) => {
    const one = (await api.frames("camera = camera__front"))[12];
    await see.frame(one);
    await page.keyboard.press("e");
    await page.locator("[data-saving]").waitFor();
    const before = await until(() => boxes(page).count(), "boxes");
    await page.keyboard.press("n");
    await until(async () => (await boxes(page).count()) === before + 1, "one more box");
    for (const key of ["ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "2"]) await page.keyboard.press(key);
    await page.keyboard.press("j");
    await page.keyboard.press("Delete");
    await until(async () => (await boxes(page).count()) === before, "one box less");
    const sent = await save(page);
    await saved(page);
    assert.equal(sent.boxes.length, before);
    await until(async () => (await api.frame(one)).annotation?.boxes.length === before, "saved boxes");
  });

  await check("the way back survives a reload", async (see, page, api) => {
    const one = (await api.frames("camera = camera__front"))[18];
    await edit(see, page, one);
    const before = await boxes(page).count();
    await drag(page, [0.05, 0.6], [0.2, 0.8]);
    await until(async () => (await boxes(page).count()) === before + 1, "one more box");
    await until(() => page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith("roadloop.boxes."))), "a draft");
    await page.reload();
    await page.getByRole("button", { name: "Edit boxes" }).click();
    await until(async () => (await boxes(page).count()) === before + 1, "the draft's boxes");
    await page.keyboard.press("Control+z");
    await until(async () => (await boxes(page).count()) === before, "the boxes before");
    assert.equal((await api.frame(one)).annotation ?? null, null);
  });

  await check("somebody else saved in between: nothing is lost", async (see, page, api) => {
    const one = (await api.frames("camera = camera__front"))[24];
    await edit(see, page, one);
    const before = await boxes(page).count();
    await drag(page, [0.05, 0.6], [0.2, 0.8]);
    await until(async () => (await boxes(page).count()) === before + 1, "one more box");
    await api.annotate(one, [{ label: "bus", left: 5, top: 5, width: 50, height: 50, tags: [] }]);
    await page.keyboard.press("Control+s");
    await page.getByRole("alert").filter({ hasText: /unsaved draft|Not saved/ }).first().waitFor();
    await page.getByText("There is an unsaved draft").waitFor();
    await page.getByRole("button", { name: "Take my draft" }).click();
    await until(async () => (await boxes(page).count()) === before + 1, "my boxes");
    await save(page);
    await saved(page);
    await until(async () => (await api.frame(one)).annotation.boxes.length === before + 1, "my boxes saved");
  }, { answers: [409, 412] });

  await check("a tag on a box, and back to the models' boxes", async (see, page, api) => {
    const one = (await api.frames("camera = camera__rear and has(person)"))[3];
    await edit(see, page, one);
    await boxes(page).first().click();
    await page.getByLabel("Add a tag").fill("occluded");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove tag occluded" }).waitFor();
    const sent = await save(page);
    await saved(page);
    assert.deepEqual(sent.boxes.map(({ tags }) => tags).filter((tags) => tags.length > 0), [["occluded"]]);
    await page.getByRole("button", { name: "Back to the models' boxes…" }).click();
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByRole("button", { name: "Edit boxes" }).waitFor();
    await page.getByText(/^edited by /).waitFor({ state: "detached" });
    assert.equal((await api.frame(one)).annotation ?? null, null);
  });

  await check("leaving with something unsaved is asked about", async (see, page, api) => {
    const one = (await api.frames("camera = camera__rear"))[9];
    await edit(see, page, one);
    await drag(page, [0.05, 0.6], [0.2, 0.8]);
    await page.locator('[data-saving="unsaved"], [data-saving="dirty"]').or(page.getByText("Unsaved")).first().waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Go on editing" }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await page.getByRole("button", { name: "Edit boxes" }).waitFor();
  });

  await check("words that look like a script are only words", async (see, page, api) => {
    const one = (await api.frames("camera = camera__rear"))[14];
    await api.annotate(one, [{ label: HOSTILE, left: 50, top: 50, width: 200, height: 200, tags: [] }]);
    await see.frame(one);
    await page.getByRole("tabpanel").getByText(HOSTILE).first().waitFor();
    await page.getByRole("button", { name: "Edit boxes" }).click();
    await boxes(page).getByText(HOSTILE).first().waitFor();
    await see.catalog({ q: `tag = "${HOSTILE}" or has("${HOSTILE}")` });
    await see.hits(await api.total(`tag = "${HOSTILE}" or has("${HOSTILE}")`));
    await see.open(`/recordings/${encodeURIComponent(HOSTILE)}`);
    await page.getByRole("heading", { name: HOSTILE }).waitFor();
    await see.open(pathOf({ recording: HOSTILE, camera: HOSTILE, sequence: 1 }));
    await page.getByText("This frame cannot be shown").waitFor();
    assert.equal(await page.locator('img[src="x"]').count(), 0);
  }, { answers: [400, 404] });
}
