// The studio in a real browser, against the real server. See studio/start.mjs for what it
// takes from the environment; with an argument, only the checks whose names hold it.

import { catalog } from "./studio/catalog.mjs";
import { editing } from "./studio/editing.mjs";
import { frame } from "./studio/frame.mjs";
import { recordings } from "./studio/recordings.mjs";
import { evaluation } from "./studio/evaluation.mjs";
import { makeChecks } from "./studio/checks.mjs";
import { startStudio } from "./studio/start.mjs";
import { whole } from "./studio/whole.mjs";

const began = performance.now();
const studio = await startStudio();
const { check, result } = makeChecks(studio, process.argv[2]);
for (const group of [catalog, frame, editing, evaluation, recordings, whole]) await group(check, studio);
const { done, failed } = result;
await studio.stop({ keep: failed.length > 0 });
console.log(`${done} ok, ${failed.length} failed, ${((performance.now() - began) / 1000).toFixed(0)} s`);
for (const name of failed) console.log(`failed: ${name}`);
process.exit(failed.length === 0 && done > 0 ? 0 : 1);
