// What a verified job's manifest has, held against the tasks it came from.

import assert from "node:assert/strict";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/;

export function checkManifest(text, { tasks, labels, attribute, verification, comment }) {
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, tasks.length);
  lines.forEach((line, at) => {
    const { task, decision, result, answers } = tasks[at];
    const { recording } = task.frame;
    assert.deepEqual(Object.keys(line).sort(), ["source-ref", attribute, `${attribute}-metadata`, verification, `${verification}-metadata`].sort());
    assert.equal(typeof line["source-ref"], "string");
    assert.ok(line["source-ref"].includes("anonymized") && line["source-ref"].includes(recording), line["source-ref"]);

    const boxes = decision.boxes ?? result.boxes;
    const { image_size, annotations, ...none } = line[attribute];
    assert.deepEqual(none, {});
    assert.deepEqual(image_size, [{ width: task.width, height: task.height, depth: 3 }]);
    assert.deepEqual(annotations, boxes.map(({ label, left, top, width, height }) => ({ class_id: labels.indexOf(label), left, top, width, height })));

    const about = line[`${attribute}-metadata`];
    assert.deepEqual(Object.keys(about).sort(), ["class-map", "creation-date", "human-annotated", "job-name", "objects", "type"]);
    assert.equal(about.objects.length, boxes.length);
    // What a reviewer drew has none; what the reviewer let be has that of the people.
    const agreed = (box) => result.boxes.find((other) => ["label", "left", "top", "width", "height"].every((part) => other[part] === box[part]));
    assert.deepEqual(about.objects, boxes.map((box) => ({ confidence: agreed(box)?.confidence ?? 0 })));
    const used = new Set(boxes.map(({ label }) => label));
    assert.deepEqual(about["class-map"], Object.fromEntries(labels.flatMap((label, id) => (used.has(label) ? [[String(id), label]] : []))));
    assert.equal(about.type, "groundtruth/object-detection");
    assert.equal(about["human-annotated"], "yes");
    assert.match(about["creation-date"], ISO);
    assert.equal(about["job-name"], `labeling-job/${attribute}`);
    assert.equal(answers.length, 3);

    // The first was found not good, by one person, of whom the confidence is 0.
    const isGood = at > 0;
    const said = line[`${verification}-metadata`];
    assert.equal(line[verification], isGood ? "0" : "1");
    assert.equal(said.type, "groundtruth/label-verification");
    assert.equal(said["human-annotated"], "yes");
    assert.equal(said["class-name"], isGood ? "good" : "bad");
    assert.equal(said.confidence, 0);
    assert.match(said["creation-date"], ISO);
    assert.equal(said["job-name"], `labeling-job/${verification}`);
    assert.deepEqual(said["worker-feedback"], isGood ? undefined : [{ comment }]);
  });
}
