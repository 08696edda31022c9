// Recordings: how far they are, what is on them, played; and the check of their anonymisation.

import assert from "node:assert/strict";
import { pathOf, until } from "./checks.mjs";

export async function recordings(check) {
  await check("a recording says how far it is and what is on it", async (see, page, api) => {
    const [item] = await api.get("recordings");
    const recording = await api.get(`recordings/${item.recording}`);
    await see.open("/recordings");
    await page.getByRole("link", { name: item.recording }).click();
    await see.at(`/recordings/${item.recording}`);
    await see.titled(`${item.recording} · roadloop`);
    const bar = page.getByRole("progressbar", { name: "Anonymised" });
    await bar.waitFor();
    assert.equal(await bar.getAttribute("aria-valuenow"), await bar.getAttribute("aria-valuemax"));
    const topics = page.getByRole("region", { name: "Topics" });
    for (const { topic } of recording.topics) await topics.getByText(topic, { exact: true }).waitFor();
    await page.getByText(`${recording.cameras.reduce((sum, { frames }) => sum + frames, 0)} frames`).first().waitFor();
    const line = page.getByRole("slider", { name: /^detections over time/ });
    await line.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForURL((url) => url.searchParams.get("q")?.includes("time in ") === true);
    await see.hits(await api.total(see.word("q")));
  });

  await check("frames are played, and the film with its boxes", async (see, page, api) => {
    const [{ recording, cameras }] = await api.get("recordings");
    await see.open(`/recordings/${recording}`);
    const link = page.getByRole("link", { name: /· #\d+$/ });
    await link.waitFor();
    const first = await link.textContent();
    await page.getByRole("button", { name: "Play" }).click();
    await until(async () => (await link.textContent()) !== first, "another frame");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("radio", { name: /^Film/ }).check({ force: true });
    const film = page.locator("video");
    await film.waitFor();
    await film.evaluate((video) => void video.play());
    await until(() => film.evaluate((video) => video.readyState >= 2 && video.currentTime > 0.2 && video.videoWidth > 0), "a film that plays", () => film.evaluate((video) => `state ${video.readyState}, error ${video.error?.message}`));
    await until(async () => (await page.locator("video + svg rect").count()) > 0, "boxes over the film");
    await page.getByRole("button", { name: new RegExp(`^${cameras[0].camera}`) }).click();
    await page.getByRole("option", { name: cameras[1].camera }).click();
    await page.getByLabel(`Film of ${cameras[1].camera}`).waitFor();
  });

  await check("where a recording went leads to its frames", async (see, page, api) => {
    const [{ recording }] = await api.get("recordings");
    await see.open(`/recordings/${recording}`);
    const map = page.getByRole("application", { name: /^The way of this recording/ });
    await map.focus();
    await page.keyboard.press(".");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/frames\//);
  });

  await check("what anonymisation may have missed is looked through", async (see, page, api) => {
    const [{ recording }] = await api.get("recordings");
    const { frames } = await api.get(`recordings/${recording}/risks`, { limit: 100 });
    await see.open("/check");
    const list = page.getByRole("region", { name: "Frames to look at" }).getByRole("button");
    await list.first().waitFor();
    assert.equal(await list.count(), frames.length);
    const shown = page.getByRole("region", { name: "Before and after" });
    await shown.getByText(`1 of ${frames.length}`).waitFor();
    for (const reason of frames[0].reasons) await shown.getByText(reason, { exact: true }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await shown.getByText(`3 of ${frames.length}`).waitFor();
    await page.keyboard.press("ArrowLeft");
    await shown.getByText(`2 of ${frames.length}`).waitFor();
    const slider = shown.getByRole("slider");
    const cut = () => shown.locator('[style*="clip-path"]').getAttribute("style");
    await slider.focus();
    const before = await cut();
    await page.keyboard.press("ArrowRight");
    await until(async () => (await cut()) !== before, "the border elsewhere");
    // Within the slider the arrows are the slider's.
    await shown.getByText(`2 of ${frames.length}`).waitFor();
    const { x, y, width, height } = await slider.boundingBox();
    await page.mouse.click(x + width * 0.2, y + height / 2);
    await until(async () => /inset\(0(px)? (7[5-9]|8[0-5])/.test(await cut()), "the border at a fifth", cut);
    await list.nth(4).click();
    await shown.getByText(`5 of ${frames.length}`).waitFor();
    await shown.getByRole("link").click();
    await see.at(pathOf(frames[4].frame));
  });
}
