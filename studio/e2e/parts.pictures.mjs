// Takes a picture of each part in both themes and on a narrow screen, and listens to it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { shots } from "./browser.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What a screen reader or weak eyes would stumble over. */
async function listen(page, what, check) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  check(`${what}: nothing serious for axe`, serious.length === 0, serious.length === 0 ? "" : serious.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" … ")}`));
  for (const { id, nodes } of violations.filter((violation) => !serious.includes(violation))) console.log(`     minor: ${id} × ${nodes.length}`);
}

export async function pictures({ open, check }) {
  for (const theme of ["light", "dark"]) {
    for (const part of ["ui", "grid", "filter", "charts"]) {
      const page = await open(part, { theme });
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(shots, `${part}-${theme}.png`), fullPage: false });
      await listen(page, `${part}, ${theme}`, check);
      if (part === "ui") {
        await page.locator("main").evaluate((main) => main.scrollTo(0, 700));
        await page.screenshot({ path: join(shots, `ui2-${theme}.png`) });
        await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
        await page.getByRole("button", { name: "Good message" }).click();
        await page.getByRole("button", { name: "Bad message" }).click();
        await page.getByRole("button", { name: "Actions" }).click();
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(shots, `ui-menu-${theme}.png`) });
        await listen(page, `menu and messages, ${theme}`, check);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "Must answer…" }).click();
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(shots, `ui-dialog-${theme}.png`) });
        await listen(page, `dialog, ${theme}`, check);
      }
      if (part === "filter") {
        const input = page.getByRole("combobox", { name: "Filter" }).first();
        await input.fill("has(");
        await page.waitForSelector('[role="listbox"]');
        await page.screenshot({ path: join(shots, `filter-list-${theme}.png`) });
        await listen(page, `completions, ${theme}`, check);
      }
      if (part === "grid") {
        await page.locator('[data-index="1"]').click();
        await page.locator('[data-index="7"]').click({ modifiers: ["Shift"] });
        await listen(page, `grid with a selection, ${theme}`, check);
        await page.getByRole("radio", { name: "none" }).click({ force: true });
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(shots, `grid-none-${theme}.png`) });
        await listen(page, `grid of nothing, ${theme}`, check);
      }
      if (part === "charts") {
        await page.getByRole("slider", { name: /frames over time/ }).first().focus();
        for (const key of ["ArrowRight", "Shift+End"]) await page.keyboard.press(key);
        await listen(page, `charts with a range, ${theme}`, check);
      }
      await page.context().close();
    }
  }
  for (const part of ["ui", "grid", "filter", "charts"]) {
    const page = await open(part, { width: 390, height: 844, touch: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(`${part} fits a telephone`, wide <= 390, String(wide));
    await page.screenshot({ path: join(shots, `${part}-390.png`) });
    await page.context().close();
  }
}
