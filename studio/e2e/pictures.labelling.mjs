// Pictures of labelling jobs for the guides, as pictures.mjs makes those of the catalog:
//
//   ROADLOOP=binary WORKSPACE=folder node e2e/pictures.labelling.mjs FOLDER
//
// Three made-up people label: what models found, some of it missed, each edge a little off.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { asked, startCrowd } from "./crowd.mjs";

const MOST_BYTES = 200_000;
const QUALITIES = [82, 76, 70, 62, 54];
const JOB = "crossing";
const INSTRUCTIONS = "Draw a box around **each** car and person, tight, to the pixel.\n\n---\n\n## What to draw\n\n- What is hidden in part: only what is to be seen of it.\n- Nothing on posters, nothing in mirrors.\n";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name a folder for the pictures");
const { first, base, invite, come, check, finish } = await startCrowd({ isChain: true });

async function picture(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const path = join(folder, `${name}.jpg`);
  for (const quality of QUALITIES) {
    await page.screenshot({ path, type: "jpeg", quality, animations: "disabled" });
    if (statSync(path).size < MOST_BYTES) return;
  }
  assert.fail(`${path} has ${statSync(path).size} bytes`);
}

/** Draws the same numbers each time: Lehmer's generator with Park and Miller's constants. */
let seed = 7;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const off = (most) => Math.round((random() * 2 - 1) * most);

/** A box as somebody in a hurry draws it. */
function drawn(box, { width, height }) {
  const left = Math.max(0, box.left + off(5));
  const top = Math.max(0, box.top + off(5));
  const right = Math.min(width, box.left + box.width + off(7));
  const bottom = Math.min(height, box.top + box.height + off(7));
  return { ...box, left, top, width: Math.max(4, right - left), height: Math.max(4, bottom - top), confidence: null };
}

await check("pictures of a labelling job", async () => {
  const rita = await come(first, "rita");
  const people = [];
  for (const name of ["ann", "bob", "cid"]) people.push(await come(invite("worker", base), name));
  const made = await asked(rita.page, "POST", "/jobs", {
    name: JOB, purpose: "draw", of: null, filter: "camera = camera__rear and has(car) and count(person) >= 3", labels: [{ name: "car", color: null, hotkey: null }, { name: "person", color: null, hotkey: null }],
    workers: 3, task_seconds: 600, lifetime_days: 7, instructions: INSTRUCTIONS, pictures: [], pre_label: true, min_confidence: 0.4,
    review: "disagreements", review_below: 0.85, consolidation: { iou: 0.5, quorum: null, class_aware: true, position: "mean" }, gold_filter: null, gold_every: 0,
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  await people[0].page.goto(`${base}/work/${JOB}`);
  await people[0].page.getByRole("listbox", { name: "Boxes" }).getByRole("option").nth(2).waitFor();
  await picture(people[0].page, "studio-work");
  for (const { page } of people) {
    for (;;) {
      const given = await asked(page, "POST", `/work/${JOB}/next`, {});
      if (given.status === 204) break;
      const boxes = given.body.boxes.filter(() => random() > 0.12).map((box) => drawn(box, given.body));
      const answer = await asked(page, "POST", `/work/assignments/${given.body.id}/answer`, { boxes, seconds: 30 });
      assert.equal(answer.body.outcome, "counted", JSON.stringify(answer.body));
    }
  }
  await rita.page.goto(`${base}/jobs/${JOB}`);
  await rita.page.getByRole("list", { name: "Tasks" }).getByRole("link").first().waitFor();
  await picture(rita.page, "studio-job");
  await rita.page.getByRole("list", { name: "Tasks" }).getByRole("link").first().click();
  await rita.page.getByRole("heading", { name: "Merged boxes" }).waitFor();
  await picture(rita.page, "studio-review");
});
await finish();
