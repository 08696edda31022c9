// A labelling job from its first frame to its manifest, by people in browsers of their own:
// three draw at once, one reviews, one verifies; the line is cut and time runs out. Takes
// ROADLOOP, WORKSPACE and CHROMIUM as studio.mjs does, and PICTURES, a folder for pictures.

import assert from "node:assert/strict";
import { join } from "node:path";
import { asked, draw, isAccessible, startCrowd, until } from "./crowd.mjs";
import { checkManifest } from "./jobs/manifest.mjs";

const { base, first, invite, come, check, finish } = await startCrowd({ isChain: true });
const JOB = "four-frames";
const VERIFY = "four-frames-verify";
/** A task's number is its place in the job. */
const NUMBERS = [1, 2, 3, 4];
const ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
/** Where the three draw, as shares of the image: near each other, and one all alone. */
const JITTER = [0, 0.01, 0.02];
const CAR = { from: [0.1, 0.1], to: [0.3, 0.4] };
const ALONE = { from: [0.6, 0.55], to: [0.75, 0.85] };
const moved = ([left, top], by) => [left + by, top + by];

let ada, rita;
const workers = [];
const everybody = () => [ada, rita, ...workers];

const picture = async (page, name) => {
  const folder = process.env.PICTURES;
  if (folder === undefined) return;
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: "jpeg", quality: 80 });
};
const editor = async (page) => {
  await page.getByRole("application").locator("img").waitFor();
  await page.locator("[data-calm=true]").waitFor();
};
const boxes = (page) => page.getByRole("listbox", { name: "Boxes" }).getByRole("option");
/** The task that is on the desk; 0 while the next one comes. */
const taskOf = async (page) => Number(/#(\d+)/.exec(await page.getByRole("heading", { level: 1 }).textContent())?.[1] ?? 0);
const task = async (number, job = JOB) => (await asked(ada.page, "GET", `/jobs/${job}/tasks/${number}`)).body;
const saved = (page) => page.locator('[data-draft="saved"]').waitFor();

/** Made by the API, for checks of something else. */
async function make(name, change) {
  const job = {
    name, purpose: "draw", of: null, filter: "camera = camera__front and sequence < 4", labels: [{ name: "car", color: null, hotkey: "1" }],
    workers: 1, task_seconds: 300, lifetime_days: 1, instructions: "Draw cars.", pictures: [], pre_label: false, min_confidence: 0.5,
    review: "none", review_below: null, consolidation: { iou: 0.5, quorum: null, class_aware: true, position: "mean" }, gold_filter: null, gold_every: 0,
    ...change,
  };
  const made = await asked(ada.page, "POST", "/jobs", job);
  assert.equal(made.status, 200, JSON.stringify(made.body));
}

await check("a job is made of a saved selection", async () => {
  ada = await come(first, "ada");
  const { page } = ada;
  await page.goto(`${base}/?q=${encodeURIComponent("camera = camera__front and sequence < 4")}`);
  await page.getByRole("button", { name: "Save…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("four");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved as four, version 1").waitFor();
  await page.getByRole("button", { name: "Saved selections" }).click();
  await page.getByRole("link", { name: "Label four…" }).click();
  await page.getByText("4 frames; those with an anonymised copy").waitFor();
  await page.getByLabel(/^Name/).first().fill(JOB);
  await page.getByLabel("Add labels").fill("car, person");
  await page.keyboard.press("Enter");
  await page.getByLabel("Key of car").fill("q");
  await page.getByLabel("Colour of car").fill("#ff8800");
  const instructions = page.getByLabel(/^Instructions, as Markdown/);
  await instructions.fill("Draw **each** car.\n\n---\n\n# All of it\n\nTight, to the pixel.\n");
  await page.getByLabel("Pictures").setInputFiles({ name: "tight car.png", mimeType: "image/png", buffer: Buffer.from(ONE_PIXEL, "base64") });
  await page.getByRole("button", { name: "tight-car.png as a good example" }).click();
  await page.getByRole("figure", { name: "good: what it shows" }).waitFor();
  await page.getByRole("radiogroup", { name: "What is reviewed" }).getByText("all", { exact: true }).click();
  await isAccessible(page);
  await picture(page, "studio-job-new");
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: JOB }).waitFor();
  await page.getByText("0 of 4, ").waitFor();
  await page.getByRole("list", { name: "Tasks" }).getByRole("link").nth(3).waitFor();
  await isAccessible(page);
});

await check("three draw at once, and see nothing of each other", async () => {
  rita = await come(invite("reviewer"), "rita");
  for (const name of ["wim", "xia", "yan"]) workers.push(await come(invite("worker"), name));
  await isAccessible(workers[0].page);
  await Promise.all(
    workers.map(async ({ page, name }, at) => {
      await page.getByText("Draw each car.").waitFor();
      await page.getByRole("link", { name: `Begin with ${JOB}` }).click();
      for (let done = 0; done < 4; done += 1) {
        await editor(page);
        assert.equal(await boxes(page).count(), 0, `${name} begins with nothing`);
        await page.keyboard.press("q");
        await draw(page, moved(CAR.from, JITTER[at]), moved(CAR.to, JITTER[at]));
        // One of them sees a person that nobody else sees, on the first frame.
        if (name === "yan" && (await taskOf(page)) === Math.min(...NUMBERS)) {
          await draw(page, ALONE.from, ALONE.to);
          await page.keyboard.press("2");
        }
        if (name === "wim" && done === 0) {
          await page.keyboard.press("Shift+I");
          await page.getByRole("dialog").getByText("Tight, to the pixel.").waitFor();
          await page.getByRole("dialog").getByRole("figure", { name: "good: what it shows" }).getByRole("img").waitFor();
          await page.keyboard.press("Escape");
          await isAccessible(page);
          await picture(page, "studio-work");
        }
        await page.getByRole("button", { name: /^Submit \d/ }).waitFor();
        await page.keyboard.press("Control+Enter");
        await (done < 3 ? page.getByText(`${done + 1} done`) : page.getByText(`Nothing left for you in ${JOB}`)).waitFor();
      }
      const others = await asked(page, "GET", `/jobs/${JOB}/tasks/1`);
      assert.equal(others.status, 403);
    }),
  );
});

/** What three such boxes are merged to: the mean of each edge, rounded once. */
const merged = (answers) => {
  const mean = (edge) => Math.round(answers.reduce((sum, box) => sum + edge(box), 0) / answers.length);
  const [left, top] = [mean((box) => box.left), mean((box) => box.top)];
  return { left, top, width: mean((box) => box.left + box.width) - left, height: mean((box) => box.top + box.height) - top };
};
const iou = (a, b) => {
  const span = (from, length) => Math.max(0, Math.min(a[from] + a[length], b[from] + b[length]) - Math.max(a[from], b[from]));
  const shared = span("left", "width") * span("top", "height");
  return shared / (a.width * a.height + b.width * b.height - shared);
};

await check("their boxes are one, and it is said why", async () => {
  for (const number of NUMBERS) {
    const { answers, result, task: row } = await task(number);
    assert.deepEqual(answers.map(({ worker }) => worker).sort(), ["wim", "xia", "yan"]);
    assert.equal(row.state, "in_review");
    const cars = answers.map(({ boxes }) => boxes.find(({ label }) => label === "car"));
    const { label, left, top, width, height, confidence, members } = result.boxes[0];
    assert.deepEqual({ label, left, top, width, height }, { label: "car", ...merged(cars) });
    const mean = cars.reduce((sum, box) => sum + iou(box, { left, top, width, height }), 0) / 3;
    assert.equal(members.length, 3);
    assert.ok(Math.abs(confidence - mean) <= 0.0051, `${confidence} is not ${mean}`);
    assert.equal(result.left_out.length, number === Math.min(...NUMBERS) ? 1 : 0);
    for (const { seconds } of answers) assert.ok(seconds > 0 && seconds < 120, `${seconds} s`);
  }
});

await check("the worst is first, and goes back to who drew it", async () => {
  const { page } = rita;
  await page.goto(`${base}/jobs/${JOB}`);
  await page.getByRole("list", { name: "Tasks" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: `Task #${Math.min(...NUMBERS)}` }).waitFor();
  await page.getByText(/^3 of 3 people, IoU \d\.\d\d, \d\.\d\d, \d\.\d\d → 0\.\d\d$/).waitFor();
  await page.getByRole("list", { name: "Boxes left out" }).getByText(/^1 of 3, 2 needed; nobody else drew near it$/).waitFor();
  await page.getByRole("list", { name: "Boxes left out" }).getByRole("button").click();
  await page.keyboard.press("1");
  const [{ worker: one }] = (await task(Math.min(...NUMBERS))).answers;
  await page.getByRole("switch", { name: one, checked: false }).waitFor();
  await page.keyboard.press("1");
  await isAccessible(page);
  await picture(page, "studio-review");
  await page.keyboard.press("b");
  await page.getByRole("dialog").getByRole("button", { name: /yan/ }).waitFor();
  await page.getByRole("dialog").getByLabel("What is to be done").fill("That is a shadow, not a person.");
  await page.getByRole("dialog").getByRole("button", { name: "Send back" }).click();
  await page.getByText("Sent back to yan").waitFor();

  const yan = workers[2].page;
  await yan.goto(`${base}/work`);
  await yan.getByText("1 sent back to you").waitFor();
  await yan.getByRole("link", { name: `Go on with ${JOB}` }).click();
  await editor(yan);
  await yan.getByText("rita sent this back to you: That is a shadow, not a person.").waitFor();
  assert.equal(await boxes(yan).count(), 2);
  await yan.keyboard.press("k");
  await yan.getByRole("button", { name: "Class: person. Choose another" }).waitFor();
  await yan.keyboard.press("Delete");
  await yan.getByRole("button", { name: "Submit 1 box" }).waitFor();
  await yan.keyboard.press("Control+Enter");
  await yan.getByText(`Nothing left for you in ${JOB}`).waitFor();
  const { result, answers } = await task(Math.min(...NUMBERS));
  assert.deepEqual([result.left_out.length, result.boxes.length, answers.length], [0, 1, 3]);
});

await check("a reviewer corrects one and approves the others, by keys", async () => {
  const { page } = rita;
  const [first, ...others] = NUMBERS;
  await page.goto(`${base}/jobs/${JOB}/tasks/${first}?order=number`);
  await page.getByText("1 of 4, in order").waitFor();
  await page.keyboard.press("c");
  await editor(page);
  await page.keyboard.press("2");
  await draw(page, [0.5, 0.5], [0.6, 0.7]);
  await page.keyboard.press("Control+s");
  await page.getByText(/^corrected by rita/).waitFor();
  await page.keyboard.press("j");
  for (const number of others) {
    await page.getByRole("heading", { name: `Task #${number}` }).waitFor();
    await page.keyboard.press("a");
  }
  await page.getByText(`#${others.at(-1)} is approved`).waitFor();
  await page.goto(`${base}/jobs/${JOB}`);
  await page.getByText("4 of 4, all done").waitFor();
  await page.getByRole("tab", { name: "People" }).click();
  await page.getByRole("row", { name: /^yan/ }).waitFor();
  await isAccessible(page);
  await page.getByRole("tab", { name: "Settings and instructions" }).click();
  await page.getByText("Tight, to the pixel.").waitFor();
  await page.getByRole("button", { name: "Contact sheet" }).click();
  await page.getByRole("img", { name: `Images of ${JOB} with their labels` }).waitFor();
  await until(() => page.evaluate(() => [...document.images].some(({ alt, naturalWidth }) => alt.startsWith("Images of") && naturalWidth > 200)), "sheet");
  await page.keyboard.press("Escape");
  const csv = await asked(page, "GET", `/jobs/${JOB}/statistics?format=csv`);
  assert.match(csv.body, /wim/);
});

await check("a chained job verifies it", async () => {
  const { page } = ada;
  await page.goto(`${base}/jobs/${JOB}`);
  await page.getByRole("button", { name: "Job on this" }).click();
  await page.getByRole("menuitem", { name: "Verify these labels" }).click();
  await page.getByLabel("Key of car").waitFor();
  assert.equal(await page.getByLabel(/^Name \*?/).first().inputValue(), VERIFY);
  await page.getByRole("radiogroup", { name: "What is reviewed" }).getByText("nothing", { exact: true }).click();
  await page.getByRole("button", { name: "Make the job" }).click();
  await page.getByRole("heading", { name: VERIFY }).waitFor();
  const wim = workers[0].page;
  await wim.goto(`${base}/work/${VERIFY}`);
  for (let done = 0; done < 4; done += 1) {
    await editor(wim);
    const number = await taskOf(wim);
    const isFirst = number === Math.min(...NUMBERS);
    assert.equal(await boxes(wim).count(), isFirst ? 2 : 1);
    if (isFirst) {
      await isAccessible(wim);
      await wim.keyboard.press("b");
      await wim.keyboard.type("One person is missing, a big one");
      await picture(wim, "studio-verify");
      await wim.keyboard.press("Control+Enter");
    } else {
      await wim.keyboard.press("g");
      await wim.keyboard.press("Enter");
    }
    await (done < 3 ? wim.getByText(`${done + 1} done`) : wim.getByText(`Nothing left for you in ${VERIFY}`)).waitFor();
  }
  await rita.page.goto(`${base}/jobs/${VERIFY}/tasks/${Math.min(...NUMBERS)}`);
  await rita.page.getByText("0 of 1 says good").waitFor();
  await rita.page.getByText("“One person is missing, a big one”").waitFor();
});

await check("the manifest has all of it, field by field", async () => {
  const { status, body } = await asked(rita.page, "GET", `/jobs/${VERIFY}/export`);
  assert.equal(status, 200, JSON.stringify(body));
  const tasks = await Promise.all(NUMBERS.map((number) => task(number)));
  checkManifest(body, { tasks, labels: ["car", "person"], attribute: JOB, verification: VERIFY, comment: "One person is missing, a big one" });
  await rita.page.goto(`${base}/jobs/${VERIFY}`);
  const download = rita.page.waitForEvent("download");
  await rita.page.getByRole("button", { name: "Export manifest" }).click();
  await rita.page.getByRole("menuitem", { name: "Of anonymised images" }).click();
  assert.match((await download).suggestedFilename(), /four-frames-verify/);
});

await check("offline, nothing is lost: a draft, then an answer", async () => {
  await make("offline", {});
  const { page, context, answers } = workers[0];
  answers.push("ERR_INTERNET_DISCONNECTED", "status of 409");
  await page.goto(`${base}/work/offline`);
  await editor(page);
  const first = await taskOf(page);
  await context.setOffline(true);
  await draw(page, CAR.from, CAR.to);
  await page.getByText("Offline: kept here, 1 change waits.").waitFor();
  await draw(page, ALONE.from, ALONE.to);
  await page.getByText("Offline: kept here, 2 changes wait.").waitFor();
  await isAccessible(page);
  await picture(page, "studio-offline");
  await context.setOffline(false);
  await saved(page);
  await page.reload();
  await page.getByRole("button", { name: "Submit 2 boxes" }).waitFor();
  await context.setOffline(true);
  await page.keyboard.press("Control+Enter");
  await page.getByText("Your answer is kept here").waitFor();
  await context.setOffline(false);
  await page.getByText("1 done").waitFor();
  const { answers: given } = await task(first, "offline");
  assert.deepEqual(given.map(({ worker, boxes }) => [worker, boxes.length]), [["wim", 2]]);
});

await check("two windows on one task: both drafts are shown, and merged", async () => {
  const { page, context } = workers[0];
  await editor(page);
  const number = await taskOf(page);
  const other = await context.newPage();
  await other.goto(`${base}/work/offline`);
  await editor(other);
  await draw(other, CAR.from, CAR.to);
  await other.locator('[data-draft="saving"]').waitFor();
  await saved(other);
  await other.close();
  await draw(page, ALONE.from, ALONE.to);
  await page.getByRole("alertdialog").waitFor();
  await isAccessible(page);
  await picture(page, "studio-merge");
  await page.getByRole("button", { name: "Merge both: 2 boxes" }).click();
  await page.getByRole("button", { name: "Submit 2 boxes" }).waitFor();
  await saved(page);
  await page.keyboard.press("Control+Enter");
  await page.getByText("2 done").waitFor();
  assert.equal((await task(number, "offline")).answers[0].boxes.length, 2);
});

await check("proposals are accepted, left out, skipped and flagged", async () => {
  await make("proposals", { pre_label: true, min_confidence: 0.3, review: "all", labels: [{ name: "person", color: null, hotkey: "1" }, { name: "car", color: null, hotkey: "2" }] });
  const { page } = workers[1];
  await page.goto(`${base}/work/proposals`);
  await editor(page);
  const first = await taskOf(page);
  const proposed = await boxes(page).count();
  assert.ok(proposed > 1, `${proposed} proposals`);
  await page.keyboard.press("Control+Enter");
  await page.getByRole("dialog", { name: `${proposed} proposals neither accepted nor removed` }).waitFor();
  await isAccessible(page);
  await page.keyboard.press("Enter");
  await page.getByText("1 done").waitFor();
  const { answers, initial } = await task(first, "proposals");
  assert.deepEqual([answers[0].boxes.length, initial.length], [proposed, proposed]);
  assert.deepEqual(answers[0].boxes.map(({ confidence }) => confidence ?? null), answers[0].boxes.map(() => null));

  await editor(page);
  const second = await taskOf(page);
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await page.keyboard.press("Shift+F");
  await page.getByRole("dialog").getByLabel("What about").fill("Is the one in the mirror a person?");
  await page.keyboard.press("Enter");
  await page.getByText("Flagged for discussion").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: /^Leave (it|them) out$/ }).click();
  await page.getByText("2 done").waitFor();
  assert.equal((await task(second, "proposals")).answers[0].boxes.length, 1);

  await editor(page);
  const third = await taskOf(page);
  await page.keyboard.press("Shift+S");
  await page.getByRole("dialog").getByRole("button", { name: "Too dark or blurred to see" }).click();
  await until(async () => (await page.getByRole("application").count()) === 1 && ![0, third].includes(await taskOf(page)), "another task");
  assert.equal((await task(third, "proposals")).notes[0].text, "Too dark or blurred to see");

  await rita.page.goto(`${base}/jobs/proposals?flagged=1`);
  await rita.page.getByRole("list", { name: "Tasks" }).getByRole("link").first().click();
  await rita.page.getByText("Is the one in the mirror a person?").waitFor();
  await rita.page.keyboard.press("s");
  await rita.page.getByRole("dialog").getByLabel("What was decided").fill("Yes.");
  await rita.page.getByRole("dialog").getByRole("button", { name: "Settle" }).click();
  await rita.page.getByText("settled the flag: Yes.").waitFor();
});

await check("an earlier job's boxes are adjusted", async () => {
  await make("adjusted", { purpose: "adjust", of: JOB, filter: "", labels: [{ name: "car", color: null, hotkey: "1" }, { name: "person", color: null, hotkey: "2" }] });
  const { page } = workers[0];
  await page.goto(`${base}/work/adjusted`);
  for (let done = 0; done < 4; done += 1) {
    await editor(page);
    if (done === 0) {
      await page.keyboard.press("j");
      await page.keyboard.press("Shift+ArrowRight");
    }
    await page.getByRole("button", { name: /^Submit \d/ }).waitFor();
    await page.keyboard.press("Control+Enter");
    await (done < 3 ? page.getByText(`${done + 1} done`) : page.getByText("Nothing left for you in adjusted")).waitFor();
  }
  const { body } = await asked(rita.page, "GET", "/jobs/adjusted/export");
  const lines = body.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line["adjusted-metadata"]["adjustment-status"]), ["adjusted", "unadjusted", "unadjusted", "unadjusted"]);
  assert.equal(lines[0].adjusted.annotations[0].left, lines[0][JOB].annotations[0].left + 10);
});

await check("time runs out: the draft is kept, and somebody else has the task", async () => {
  await make("short", { task_seconds: 30 });
  const { page } = workers[1];
  let given;
  page.on("response", async (answer) => {
    if (/\/work\/short\/next$/.test(answer.url()) && answer.status() === 200) given ??= await answer.json();
  });
  await page.goto(`${base}/work/short`);
  await editor(page);
  await draw(page, CAR.from, CAR.to);
  await page.getByText("Less than 30 seconds left").waitFor({ state: "attached" });
  await page.getByText("Your time for this task is over").waitFor({ timeout: 40_000 });
  await isAccessible(page);
  await picture(page, "studio-over");
  const late = await asked(page, "POST", `/work/assignments/${given.id}/answer`, { boxes: [{ label: "car", left: 1, top: 1, width: 9, height: 9, confidence: null, tags: [] }], seconds: 31 });
  assert.deepEqual([late.status, late.body.outcome], [200, "kept_as_draft"]);
  assert.deepEqual((await task(given.number, "short")).answers, []);
  const { page: next } = workers[2];
  await next.goto(`${base}/work/short`);
  await editor(next);
  assert.equal(await taskOf(next), given.number);
  assert.equal(await boxes(next).count(), 0);
  await page.getByRole("button", { name: "Next task" }).click();
  await until(async () => (await page.getByRole("application").count()) === 1 && ![0, given.number].includes(await taskOf(page)), "next task");
});

await check("no page complained", async () => {
  assert.deepEqual(everybody().flatMap(({ name, trouble }) => trouble.map((line) => `${name}: ${line}`)), []);
});

await finish();
