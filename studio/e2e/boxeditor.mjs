// The box editor in a real browser: by mouse, by keyboard alone, and looked over by axe.
//
// CHROMIUM names the browser (/usr/bin/chromium unless set); SHOTS a folder for pictures.
// With an argument, only the checks whose names hold it.

import assert from "node:assert/strict";
import { IMAGE, near, start } from "./boxeditor.driver.mjs";

const { check, finish } = await start(process.argv[2]);

await check("draw by dragging on the ground", "boxes=none", async (e) => {
  await e.drag([300, 200], [400, 260]);
  near(await e.selected(), [300, 200, 100, 60]);
  assert.equal(await e.label(), "car");
  assert.match(await e.said(), /^car drawn, \d+ × \d+ at \d+, \d+$/);
  await e.drag([1200, 600], [1400, 800]);
  near(await e.selected(), [1200, 600, 80, 120]);
  assert.equal(await e.count(), 2);
});

await check("each of the eight handles, and the way back", "boxes=few", async (e) => {
  await e.click(200, 500);
  const [left, top, width, height] = await e.selected();
  const handles = { nw: [-1, -1], n: [0, -1], ne: [1, -1], e: [1, 0], se: [1, 1], s: [0, 1], sw: [-1, 1], w: [-1, 0] };
  for (const [x, y] of Object.values(handles)) {
    const from = [left + (width * (x + 1)) / 2, top + (height * (y + 1)) / 2];
    await e.drag(from, [from[0] + 20, from[1] + 10]);
    near(await e.selected(), [
      left + (x === -1 ? 20 : 0),
      top + (y === -1 ? 10 : 0),
      width + 20 * x,
      height + 10 * y,
    ]);
    await e.press("Control+z");
    assert.deepEqual(await e.selected(), [left, top, width, height]);
  }
  assert.equal(await e.canUndo(), false);
});

await check("Shift keeps the proportions, Alt the centre", "boxes=few", async (e) => {
  await e.click(200, 500);
  await e.drag([380, 550], [505, 560], ["Shift"]);
  near(await e.selected(), [130, 420, 375, 195]);
  await e.press("Control+z");
  await e.drag([380, 485], [400, 485], ["Alt"]);
  near(await e.selected(), [110, 420, 290, 130]);
});

await check("a click selects and pushes nothing; again it goes through", "boxes=many", async (e) => {
  await e.click(1000, 500);
  assert.equal(await e.label(), "bicycle");
  await e.click(1000, 500);
  assert.equal(await e.label(), "person");
  assert.equal(await e.canUndo(), false);
  assert.equal(await e.saving(), "saved");
  await e.press("Escape");
  assert.equal(await e.field("Left").count(), 0);
});

await check("move, and no further than the image", "boxes=few", async (e) => {
  await e.drag([200, 500], [240, 520]);
  near(await e.selected(), [170, 440, 250, 130]);
  assert.match(await e.said(), /^car moved to \d+, \d+$/);
  await e.drag([300, 520], [100, 1500]);
  near(await e.selected(), [0, 590, 250, 130]);
});

await check("Escape gives a drag up", "boxes=few", async (e, page) => {
  await page.mouse.move(...(await e.at(200, 500)));
  await page.mouse.down();
  await page.mouse.move(...(await e.at(300, 500)));
  await e.press("Escape");
  await page.mouse.up();
  assert.equal(await e.canUndo(), false);
});

await check("class by digit and by typing", "boxes=few", async (e, page) => {
  await e.click(200, 500);
  await e.press("4");
  assert.equal(await e.label(), "bus");
  await e.press("/");
  await page.keyboard.type("bic");
  await e.press("Enter");
  assert.equal(await e.label(), "bicycle");
  await e.press("Enter");
  await page.keyboard.type("tram");
  await e.shot("picker");
  await e.audit("class picker");
  await e.press("Enter");
  assert.equal(await e.label(), "tram");
  await e.press("Enter", "Escape");
  assert.equal(await e.label(), "tram");
  await e.press("Control+z", "Control+z", "Control+z");
  assert.equal(await e.label(), "car");
});

await check("keys alone: new box, nudge, resize, delete, undo, redo", "boxes=none", async (e) => {
  await e.press("n");
  const [left, top, width, height] = await e.selected();
  await e.press("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowDown");
  assert.deepEqual(await e.selected(), [left - 8, top + 11, width, height]);
  await e.press("Control+ArrowRight", "Control+Shift+ArrowRight", "Control+ArrowUp", "Control+Shift+ArrowDown");
  assert.deepEqual(await e.selected(), [left - 8, top + 11, width + 11, height + 9]);
  await e.press("2", "Control+d");
  assert.equal(await e.count(), 2);
  assert.equal(await e.label(), "person");
  await e.press("Delete");
  assert.equal(await e.count(), 1);
  for (let step = 0; step < 13; step += 1) await e.press("Control+z");
  assert.equal(await e.count(), 0);
  assert.equal(await e.canUndo(), false);
  for (let step = 0; step < 10; step += 1) await e.press("Control+Shift+z");
  assert.deepEqual(await e.selected(), [left - 8, top + 11, width + 11, height + 9]);
  await e.press("Control+y", "Control+y");
  assert.equal(await e.count(), 2);
  await e.press("Control+y");
  assert.equal(await e.count(), 1);
});

await check("N over the image: the next drag draws, whatever lies there", "boxes=few", async (e, page) => {
  await page.mouse.move(...(await e.at(200, 500)));
  await e.press("n");
  assert.match(await e.said(), /^Drag to draw a box/);
  await e.drag([180, 460], [280, 520]);
  near(await e.selected(), [180, 460, 100, 60]);
  assert.equal(await e.count(), 5);
  await e.press("n", "n");
  assert.equal(await e.count(), 6);
});

await check("plus and minus zoom to the pointer", "boxes=few", async (e, page) => {
  const point = (await e.at(930, 400)).map(Math.round);
  await page.mouse.move(...point);
  const under = (image) => [(point[0] - image.x) / image.width, (point[1] - image.y) / image.height];
  const before = await e.image();
  await e.press("+", "+", "+");
  const after = await e.image();
  near([after.width / before.width], [1.25 ** 3], 0.01);
  near(under(after), under(before), 0.1 / after.width);
  await e.press("-", "-", "-");
  near([(await e.image()).width], [before.width]);
});

await check("accept one, hide a class, show all", "boxes=few", async (e) => {
  await e.press("j", "j", "a");
  assert.equal(await e.said(), "truck accepted");
  await e.press("h");
  assert.equal(await e.count(), 3);
  await e.press("Shift+h");
  assert.equal(await e.count(), 4);
  await e.press("Shift+a");
  assert.equal(await e.said(), "2 boxes of the model accepted");
  const { boxes } = await e.save();
  for (const { origin, confidence } of boxes) assert.deepEqual([origin, confidence], ["person", null]);
});

await check("the page warns before it goes only if no draft is kept", "boxes=few", async (e, page) => {
  const asked = [];
  page.on("dialog", async (dialog) => {
    asked.push(dialog.type());
    await dialog.accept();
  });
  await e.press("j", "ArrowRight");
  await e.reload();
  assert.deepEqual(asked, []);
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new Error("full");
    };
  });
  await e.press("j", "ArrowRight");
  await e.reload();
  assert.deepEqual(asked, ["beforeunload"]);
});

await check("next and previous box; a locked one stays", "boxes=few", async (e) => {
  await e.press("j", "j");
  assert.equal(await e.label(), "truck");
  await e.press("[");
  assert.equal(await e.label(), "car");
  await e.press("k");
  assert.equal(await e.label(), "traffic light");
  await e.press("l", "Delete");
  assert.equal(await e.count(), 4);
  assert.equal(await e.said(), "traffic light is locked");
});

await check("a reload keeps boxes, undo and redo", "boxes=few", async (e) => {
  await e.press("j", "ArrowRight", "ArrowRight", "3", "Control+z");
  await e.reload();
  assert.match(await e.said(), /^Unsaved work of \d\d:\d\d is back$/);
  assert.equal(await e.saving(), "unsaved");
  assert.equal((await e.selected())[0], 132);
  await e.press("Control+Shift+z");
  assert.equal(await e.label(), "truck");
  await e.press("Control+z", "Control+z", "Control+z");
  assert.equal((await e.selected())[0], 130);
  assert.equal(await e.saving(), "saved");
});

await check("a draft on an older revision is a question", "boxes=few", async (e, page) => {
  await e.press("j", "Delete");
  await page.waitForTimeout(400);
  await page.evaluate(() => {
    const boxes = [{ id: "9", label: "bus", left: 1, top: 2, width: 30, height: 40, tags: [], confidence: null, origin: "person" }];
    sessionStorage.setItem("stored 1", JSON.stringify({ revision: 7, boxes }));
  });
  await e.reload();
  const alert = page.getByRole("alert");
  assert.match(await alert.textContent(), /unsaved draft of \d\d:\d\d with 3 boxes/);
  assert.equal(await e.count(), 1);
  await e.shot("conflict");
  await e.audit("conflict");
  await page.getByRole("button", { name: "Take my draft" }).click();
  assert.equal(await e.count(), 3);
  await e.press("Control+z");
  assert.equal(await e.count(), 1);
});

await check("copy from the previous frame, once", "boxes=few", async (e) => {
  await e.press("v");
  assert.equal(await e.said(), "2 boxes copied from the previous frame, 1 was already here");
  assert.equal(await e.count(), 6);
  await e.press("v");
  assert.equal(await e.said(), "Nothing copied from the previous frame: 3 were already here");
  await e.press("Control+z");
  assert.equal(await e.count(), 4);
});

await check("wheel zooms to the pointer; 1:1, box, fit", "boxes=few", async (e, page) => {
  // A wheel tells whole pixels.
  const point = (await e.at(930, 400)).map(Math.round);
  await page.mouse.move(...point);
  const before = await e.image();
  for (let turn = 0; turn < 6; turn += 1) await page.mouse.wheel(0, -120);
  await page.waitForTimeout(100);
  const after = await e.image();
  assert.ok(after.width > 3 * before.width);
  const under = (image) => [(point[0] - image.x) / image.width, (point[1] - image.y) / image.height];
  near(under(after), under(before), 0.1 / after.width);
  await e.press("0");
  near([(await e.image()).width], [1280]);
  await e.press("j", "z");
  const [x, y] = await e.at(255, 485);
  const canvas = await page.getByRole("application").boundingBox();
  near([x, y], [canvas.x + canvas.width / 2, canvas.y + canvas.height / 2]);
  await e.press("f");
  near([(await e.image()).width], [before.width]);
});

await check("push by Space, by the middle button, by two fingers; pinch", "boxes=few", async (e, page) => {
  const shift = async (deed) => {
    const before = await e.image();
    await deed();
    await page.waitForTimeout(60);
    const after = await e.image();
    return [after.x - before.x, after.y - before.y];
  };
  const push = (button) => async () => {
    await page.mouse.move(500, 400);
    await page.mouse.down({ button });
    await page.mouse.move(560, 430);
    await page.mouse.up({ button });
  };
  await page.keyboard.down("Space");
  near(await shift(push("left")), [60, 30]);
  await page.keyboard.up("Space");
  near(await shift(push("middle")), [60, 30]);
  near(await shift(() => page.mouse.wheel(7, 30)), [-7, -30]);
  assert.equal(await e.count(), 4);
  const before = await e.image();
  const touch = await page.context().newCDPSession(page);
  const fingers = (type, ...points) =>
    touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await fingers("touchStart", [450, 400], [550, 400]);
  await fingers("touchMove", [400, 400], [600, 400]);
  await fingers("touchEnd");
  near([(await e.image()).width / before.width], [2], 0.05);
  assert.equal(await e.canUndo(), false);
});

await check("save gives whole pixels inside the image", "boxes=many", async (e) => {
  await e.drag([200, 450], [233.3, 460.7]);
  await e.drag([700.4, 100.6], [733.7, 140.2]);
  assert.equal(await e.saving(), "unsaved");
  const { revision, boxes } = await e.save();
  assert.equal(revision, 2);
  assert.equal(boxes.length, 13);
  for (const { left, top, width, height } of boxes) {
    for (const value of [left, top, width, height]) assert.ok(Number.isInteger(value));
    assert.ok(left >= 0 && top >= 0 && width >= 1 && height >= 1);
    assert.ok(left + width <= IMAGE.width && top + height <= IMAGE.height);
  }
  near(Object.values((({ left, top, width, height }) => ({ left, top, width, height }))(boxes.at(-1))), [700, 101, 34, 39]);
  await e.press("Control+z");
  assert.equal(await e.saving(), "unsaved");
  await e.reload();
  assert.equal(await e.count(), 12);
});

await check("a failed save says so and loses nothing", "boxes=few&fail", async (e, page) => {
  await e.press("j", "ArrowRight", "Control+s");
  await page.locator("[data-saving=failed]").waitFor();
  assert.match(await page.getByRole("alert").textContent(), /Not saved: the studio does not answer/);
  await e.shot("failed");
  await e.audit("failed save");
  await e.reload();
  assert.equal((await e.selected())[0], 131);
});

await check("keys in a field are the field's", "boxes=few", async (e, page) => {
  await e.press("j");
  await page.getByLabel("Add a tag").click();
  await page.keyboard.type("3 n v");
  await e.press("ArrowLeft", "Backspace", "Enter");
  assert.equal(await e.label(), "car");
  assert.deepEqual(await e.selected(), [130, 420, 250, 130]);
  assert.equal(await e.count(), 4);
  await page.getByRole("button", { name: "Remove tag 3 nv" }).waitFor();
  await e.field("Left").fill("40");
  await e.press("Enter", "ArrowUp", "Shift+ArrowUp");
  assert.deepEqual(await e.selected(), [51, 420, 250, 130]);
  await e.field("Width").fill("5000");
  await e.press("Tab");
  assert.deepEqual(await e.selected(), [51, 420, 1229, 130]);
});

await check("Tab goes through the page and out again", "boxes=few", async (e, page) => {
  const roles = new Set();
  await page.getByRole("application").focus();
  for (let step = 0; step < 60; step += 1) {
    await e.press("Tab");
    roles.add(await page.evaluate(() => document.activeElement?.getAttribute("role") ?? document.activeElement?.tagName));
    if (roles.has("BODY")) break;
  }
  for (const role of ["listbox", "BUTTON", "INPUT"]) assert.ok(roles.has(role), `${role} among ${[...roles]}`);
  assert.ok(roles.has("BODY"), "the focus leaves the page at its end");
});

await check("list, classes, confidence and checks", "boxes=many", async (e, page) => {
  await page.getByRole("listbox", { name: "Boxes" }).focus();
  await e.press("ArrowDown", "ArrowDown", "End");
  assert.equal(await e.label(), "motorcycle");
  assert.deepEqual(await e.selected(), [470, 430, 60, 70]);
  await page.getByRole("button", { name: "Hide person" }).click();
  assert.equal(await e.count(), 10);
  await page.getByRole("button", { name: "Show person" }).click();
  const slider = page.getByRole("slider", { name: "Confidence" });
  await slider.focus();
  for (let step = 0; step < 60; step += 1) await e.press("ArrowRight");
  assert.equal(await e.count(), 8);
  await page.getByRole("button", { name: "Accept 6 shown" }).click();
  await page.getByRole("button", { name: "Remove 4 hidden" }).click();
  assert.equal(await e.said(), "4 boxes of the model removed");
  assert.equal(await page.getByRole("slider", { name: "Confidence" }).count(), 0);
  const checks = page.getByRole("region", { name: "Checks" });
  assert.equal(await checks.getByRole("button").count(), 3);
  await checks.getByRole("button", { name: "car is there twice" }).click();
  assert.deepEqual(await e.selected(), [131, 421, 250, 129]);
});

await check("only to look at", "boxes=few&readonly", async (e) => {
  await e.press("j", "ArrowRight", "Delete", "3", "n", "v", "/");
  assert.deepEqual(await e.selected(), [130, 420, 250, 130]);
  await e.drag([200, 500], [300, 500]);
  await e.drag([600, 100], [700, 200]);
  assert.equal(await e.count(), 4);
  await e.audit("read only");
});

await check("of five hundred boxes, only the dragged one changes", "boxes=500", async (e, page) => {
  await page.evaluate(() => {
    globalThis.touched = new Set();
    const note = (found) => {
      for (const { target } of found) {
        const name = target.closest?.("[data-box]")?.dataset.box;
        if (name !== undefined) globalThis.touched.add(name);
      }
    };
    new MutationObserver(note).observe(document.querySelector("[role=application] svg"), { attributes: true, subtree: true });
  });
  await page.mouse.move(...(await e.at(20, 15)));
  await page.mouse.down();
  const started = Date.now();
  for (let step = 1; step <= 30; step += 1) await page.mouse.move(...(await e.at(20 + step * 10, 15 + step * 10)));
  console.log(`      thirty moves among 500 boxes: ${Date.now() - started} ms`);
  await page.mouse.up();
  assert.deepEqual(await page.evaluate(() => [...globalThis.touched]), ["c0"]);
  await e.shot("crowd");
});

for (const theme of ["light", "dark"]) {
  await check(`axe and pictures, ${theme}`, `boxes=many&theme=${theme}`, async (e, page) => {
    await e.press("j", "j");
    await e.shot(`many-${theme}`);
    await e.audit("a box selected");
    await e.press("Escape", "c");
    await page.mouse.move(...(await e.at(520, 300)));
    await e.shot(`crosshair-${theme}`);
    await e.audit("nothing selected");
    await e.press("?");
    await page.getByRole("dialog").waitFor();
    await e.shot(`keys-${theme}`);
    await e.audit("cheat sheet");
    await e.press("3", "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.setViewportSize({ width: 640, height: 860 });
    await e.press("j");
    await e.shot(`narrow-${theme}`);
    await e.audit("narrow");
  });
  await check(`boxes to look at, ${theme}`, `view&theme=${theme}`, async (e) => {
    await e.shot(`view-${theme}`);
    await e.audit("views");
  });
  await check(`empty, ${theme}`, `boxes=none&theme=${theme}`, async (e) => {
    await e.shot(`empty-${theme}`);
    await e.audit("empty");
  });
}

await check("each frame has its own draft, taste goes along", "boxes=few", async (e, page) => {
  await e.press("j", "Delete", "c", ".");
  assert.match(await page.locator("h1").textContent(), /^Frame 2/);
  assert.equal(await e.count(), 4);
  assert.equal(await e.canUndo(), false);
  assert.equal(await page.getByRole("button", { name: "Crosshair" }).getAttribute("aria-pressed"), "true");
  await e.press(",");
  assert.equal(await e.count(), 3);
  await e.press("Control+z");
  assert.equal(await e.count(), 4);
});

await check("an image that cannot be loaded", "boxes=few&image=/boxeditor.html", async (e, page) => {
  await page.getByText("The image could not be loaded").waitFor();
});

await check("boxes to look at: the smallest under the pointer, and the ground", "view", async (e, page) => {
  const view = page.getByAltText("a street", { exact: true });
  const { x, y, width, height } = await view.boundingBox();
  const click = (left, top) => page.mouse.click(x + (left * width) / IMAGE.width, y + (top * height) / IMAGE.height);
  // The white line around the selected box is the only one.
  const marked = () => page.locator('svg rect[stroke="#fff"]');
  assert.equal(await marked().getAttribute("x"), "560");
  await click(233, 515);
  assert.equal(Math.round(await marked().getAttribute("x")), 232);
  await click(700, 50);
  assert.equal(await marked().count(), 0);
});

await finish();
