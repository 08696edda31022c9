// The studio where people log in, in a real browser: invited, in, out, and no further than
// their role goes. Takes ROADLOOP, WORKSPACE and CHROMIUM as studio.mjs does.

import assert from "node:assert/strict";
import { isAccessible, PASSWORD, startCrowd } from "./crowd.mjs";

const { base, first, invite, person, come, check, finish } = await startCrowd();

let admin;
await check("nobody is let in without a name", async () => {
  const { page, trouble } = await person();
  await page.goto(`${base}/?q=has(person)`);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await isAccessible(page);
  await page.getByLabel(/^Name/).fill("ada");
  await page.getByLabel(/^Password/).fill("something else here");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").getByText(/wrong/).waitFor();
  assert.deepEqual(trouble, []);
  await page.context().close();
});

await check("who is invited comes in, once", async () => {
  admin = await come(first, "ada");
  await admin.page.getByRole("grid", { name: /^Frames/ }).waitFor();
  const again = await person();
  await again.page.goto(first.replace("http://later", base));
  await again.page.getByRole("heading", { name: /no longer good/ }).waitFor();
  await again.context.close();
  assert.deepEqual(admin.trouble, []);
});

await check("an administrator invites, and sees what was done", async () => {
  const { page, trouble } = admin;
  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("heading", { name: "People" }).waitFor();
  await page.getByText("you", { exact: true }).waitFor();
  await isAccessible(page);
  await page.getByRole("tab", { name: "Invitations" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.getByText(`${base}/invite#`).textContent();
  const vera = await come(link, "vera");
  await page.getByRole("tab", { name: "What was done" }).click();
  await page.getByText("accept invitation").first().waitFor();
  // A viewer sees, and changes nothing.
  await vera.page.getByRole("grid", { name: /^Frames/ }).waitFor();
  await vera.page.getByRole("gridcell").first().waitFor();
  for (const name of ["Tag…", "Save…", "Export"]) assert.equal(await vera.page.getByRole("button", { name }).count(), 0, name);
  assert.equal(await vera.page.getByRole("radio", { name: "Raw" }).count(), 0);
  await vera.page.getByRole("link", { name: "People" }).click();
  await vera.page.getByRole("tab", { name: "My API tokens" }).waitFor();
  assert.equal(await vera.page.getByRole("tab", { name: "Users" }).count(), 0);
  assert.deepEqual([trouble, vera.trouble], [[], []]);
  await vera.context.close();
});

await check("a worker sees the work and nothing of the catalog", async () => {
  const { page, context } = await come(invite("worker", base), "wim");
  await page.getByRole("heading", { name: "Work" }).waitFor();
  await page.getByText("There is nothing to label").waitFor();
  for (const name of ["Catalog", "Jobs"]) assert.equal(await page.getByRole("link", { name }).count(), 0, name);
  await page.goto(`${base}/jobs`);
  await page.getByText("Nothing to see here").waitFor();
  await context.close();
});

await check("a token does what it is for, until it is revoked", async () => {
  const { page } = admin;
  await page.getByRole("tab", { name: "My API tokens" }).click();
  await page.getByLabel("A token for").fill("nightly");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = await page.locator("code").getByText(/^rl_/).textContent();
  const ask = () => fetch(`${base}/api/v1/frames?limit=1`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask()).status, 200);
  await page.getByRole("button", { name: "Revoke nightly" }).click();
  await page.getByRole("button", { name: "Revoke nightly" }).waitFor({ state: "detached" });
  assert.equal((await ask()).status, 401);
});

await check("who is let in no more is out at once", async () => {
  const { page } = admin;
  const bob = await come(invite("reviewer", base), "bob");
  await bob.page.getByRole("gridcell").first().waitFor();
  await page.goto(`${base}/people`);
  await page.getByRole("button", { name: "More about bob" }).click();
  await page.getByRole("menuitem", { name: "Let in no more" }).click();
  await page.getByText("let in no more").waitFor();
  await bob.page.goto(`${base}/recordings`);
  await bob.page.getByRole("heading", { name: "Log in" }).waitFor();
  await bob.context.close();
});

await check("who logs out is out", async () => {
  const { page, trouble } = admin;
  await page.getByRole("button", { name: /^ada/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await page.getByLabel(/^Name/).fill("ada");
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("grid", { name: /^Frames/ }).waitFor();
  assert.deepEqual(trouble, []);
});

await finish();
