// Models held against people.

import assert from "node:assert/strict";
import { pathOf, until } from "./checks.mjs";

export async function evaluation(check) {
  await check("models are held against what people drew", async (see, page, api) => {
    const frame = (await api.frames("count(person) >= 2"))[0];
    const person = frame.boxes.find(({ label }) => label === "person");
    const [left, top, right, bottom] = person.bbox;
    const drawn = { label: "person", left: Math.round(left * frame.width), top: Math.round(top * frame.height), width: Math.round((right - left) * frame.width), height: Math.round((bottom - top) * frame.height), confidence: null, tags: [] };
    await api.annotate(frame, [drawn, { ...drawn, label: "unicycle", left: 0, top: 0 }]);
    const found = await api.get("evaluation");
    const of = (label) => found.labels.find((score) => score.label === label);
    assert.ok(of("person").agreed >= 1 && of("unicycle").missed === 1, JSON.stringify(found.labels));

    await see.open("/evaluation");
    await page.getByRole("link", { name: "Evaluation" }).waitFor();
    const row = page.getByRole("row").filter({ hasText: "unicycle" });
    await row.waitFor();
    assert.match(await row.textContent(), /0\.0 %/);
    await see.audit("the evaluation");
    await page.getByRole("tab", { name: /^Only people/ }).click();
    const patch = page.getByRole("link").filter({ hasText: "unicycle" });
    await see.image(patch.locator("img"));
    await patch.click();
    await see.at(pathOf(frame));
    await page.getByRole("region", { name: "Models against the person" }).getByText(/1 only the person/).waitFor();
    // Others' work is left as it was.
    await until(async () => (await api.frame(frame)).judged.length > 0, "what came of each box");
  });
}
