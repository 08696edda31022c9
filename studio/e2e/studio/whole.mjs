// What holds for every page: titles, themes, narrow windows, what a screen reader would miss,
// a server that is gone, and how long a page takes.

import assert from "node:assert/strict";
import { pathOf, until } from "./checks.mjs";

export async function whole(check, studio) {
  const pages = async (api) => {
    const [{ recording }] = await api.get("recordings");
    const [one] = await api.frames("has(person)", 1);
    return [
      { path: "/?q=has(person)", title: "has(person) · roadloop", ready: (page) => page.locator('[role="gridcell"] img').first().waitFor() },
      { path: "/?as=map", title: "Catalog · roadloop", ready: (page) => page.getByRole("application").waitFor() },
      { path: pathOf(one), title: `${one.camera} #${one.sequence} · roadloop`, ready: (page) => page.getByRole("region", { name: "The drive" }).waitFor() },
      { path: "/recordings", title: "Recordings · roadloop", ready: (page) => page.getByRole("link", { name: recording }).waitFor() },
      { path: `/recordings/${recording}`, title: `${recording} · roadloop`, ready: (page) => page.getByRole("application").waitFor() },
      { path: "/check", title: "Anonymisation check · roadloop", ready: (page) => page.getByRole("region", { name: "Before and after" }).waitFor() },
      { path: "/evaluation", title: "Models against people · roadloop", ready: (page) => page.getByRole("heading", { level: 1, name: "Models against people" }).waitFor() },
      { path: "/there/is/none", title: "No such page · roadloop", ready: (page) => page.getByText("There is no such page").waitFor() },
    ];
  };

  await check("each page has its title, axe finds nothing in light or dark, and a narrow window shows all", async (see, page, api) => {
    const audited = async (what) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
        await see.audit(`${what} in ${colorScheme}`);
      }
    };
    for (const { path, title, ready } of await pages(api)) {
      await page.setViewportSize({ width: 1440, height: 900 });
      await see.open(path);
      await ready(page);
      await see.titled(title);
      await audited(path);
      await page.setViewportSize({ width: 390, height: 844 });
      const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
      await until(async () => (await wide()) <= 390, `a page that is as wide as the window at ${path}`, wide);
    }
  });

  await check("the editor in both themes, and what floats", async (see, page, api) => {
    await see.frame((await api.frames("has(person)", 1))[0]);
    await page.keyboard.press("t");
    await page.getByRole("dialog").waitFor();
    await see.audit("the dialog of tags");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("e");
    await page.locator("[data-saving]").waitFor();
    await see.audit("the editor in light");
    await page.emulateMedia({ colorScheme: "dark" });
    await see.audit("the editor in dark");
  });

  await check("a narrow window narrows down in a dialog", async (see, page, api) => {
    await see.catalog();
    await page.getByRole("button", { name: "Narrow down" }).click();
    await page.getByRole("dialog").getByRole("button", { name: /^dog\b/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: /^Show \d+ frames$/ }).click();
    await see.wordIs("q", "has(dog)");
    await see.hits(await api.total("has(dog)"));
  }, { width: 390, height: 844 });

  await check("an empty catalog says what to do", async (see, page) => {
    await page.route("**/api/v1/frames?**", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), frames: [], total: 0, reachable: 0 } });
    });
    try {
      await see.catalog();
      await page.getByText("No frames yet").waitFor();
      await page.getByText("roadloop run drive.mcap").waitFor();
      assert.equal(await page.getByRole("complementary", { name: "Narrow down" }).count(), 0);
    } finally {
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
  });

  await check("what was found stays until a slow answer is there", async (see, page, api) => {
    await see.catalog();
    await page.locator('[role="gridcell"] img').first().waitFor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route("**/api/v1/frames?**", async (route) => {
      await held;
      await route.continue();
    });
    try {
      await see.facet("labels", "dog").click();
      await page.locator('[aria-busy="true"] [role="grid"]').waitFor();
      assert.ok((await page.locator('[role="gridcell"] img').count()) > 0);
      release();
      await page.locator('[aria-busy="false"] [role="grid"]').waitFor();
      await see.hits(await api.total("has(dog)"));
    } finally {
      release();
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
  });

  await check("a theme is chosen and kept", async (see, page) => {
    await see.catalog();
    const choose = async (name) => {
      await page.getByRole("button", { name: /colours and keys$/ }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await choose("Dark");
    assert.equal(await theme(), "dark");
    await page.reload();
    await page.getByRole("grid").waitFor();
    assert.equal(await theme(), "dark");
    await choose("Colours of the system");
    assert.equal(await theme(), "light");
  });

  await check("a server that is gone is told of, and comes back", async (see, page, api) => {
    await see.catalog();
    await see.hits(await api.total(""));
    await studio.kill();
    await page.getByText("The studio does not answer").first().waitFor();
    await see.facet("labels", "dog").click();
    await page.getByText("The frames cannot be shown").waitFor();
    await studio.revive();
    await until(async () => (await page.getByText("What is shown may be old").count()) === 0, "an end of the notice");
    await see.hits(await api.total("has(dog)"));
  }, { answers: [500, 502], complaints: [/ERR_CONNECTION|Failed to load resource|ERR_INCOMPLETE/] });

  await check("how long the catalog takes", async (see, page, api) => {
    const time = async () => {
      const began = performance.now();
      await page.goto(studio.base);
      await page.locator('[role="gridcell"] img').first().waitFor();
      return Math.round(performance.now() - began);
    };
    const other = await studio.browser.newContext({ viewport: { width: 1440, height: 900 } });
    const cold = await other.newPage();
    const began = performance.now();
    await cold.goto(studio.base);
    await cold.locator('[role="gridcell"] img').first().waitFor();
    const first = Math.round(performance.now() - began);
    await other.close();
    await time();
    const warm = await time();
    console.log(`      the catalog shows frames after ${first} ms cold, ${warm} ms warm`);
    assert.ok(await api.total("") > 0);
  });
}
