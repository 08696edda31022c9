// Why boxes of several people became these: the sentences of the review.

import type { GivenAnswer, LeftOut, MergedBox, TaskDetail } from "../../api/labelling";

const two = (value: number) => value.toFixed(2);
const people = (number: number) => (number === 1 ? "person" : "people");

/** `3 of 3 people, IoU 0.91, 0.88, 0.95 → 0.91` */
export function whyMerged(box: MergedBox, answers: number): string {
  const votes = box.members.length;
  if (answers === 1) return "One person only, so nobody to agree with → 0.00";
  const overlaps = box.members.map(({ iou }) => two(iou)).join(", ");
  const tie = box.is_tied ? "; as many named it otherwise" : "";
  return `${votes} of ${answers} ${people(answers)}, IoU ${overlaps} → ${two(box.confidence)}${tie}`;
}

/** `1 of 3, 2 needed; nearest other box IoU 0.42` */
export function whyLeftOut(left: LeftOut, answers: number): string {
  const near = left.nearest_iou > 0 ? `nearest other box IoU ${two(left.nearest_iou)}` : "nobody else drew near it";
  return `${left.votes} of ${answers}, ${left.needed} needed; ${near}`;
}

/** `All agree`, `2 of 3 boxes by all, …`: what a reader wants to know first. */
export function inShort({ result, answers, judged }: Pick<TaskDetail, "result" | "answers" | "judged">): string {
  if (judged != null) {
    const good = answers.filter(({ verdict }) => verdict?.is_good === true).length;
    return `${good} of ${answers.length} ${answers.length === 1 ? "says" : "say"} good${judged.is_tied ? ": a tie counts as not good" : ""}`;
  }
  if (result == null) return answers.length === 0 ? "Nobody has answered yet" : "Not merged yet: more answers are wanted";
  if (result.boxes.length + result.left_out.length === 0) return answers.length === 1 ? "One person, who says nothing is there" : "All say that nothing is there";
  if (answers.length === 1) return "One person only";
  const byAll = result.boxes.filter(({ members }) => members.length === answers.length).length;
  const parts = [`${byAll} of ${result.boxes.length} boxes by all`];
  if (result.left_out.length > 0) parts.push(`${result.left_out.length} left out`);
  const tied = result.boxes.filter(({ is_tied }) => is_tied).length;
  if (tied > 0) parts.push(`${tied} with a tie of labels`);
  return parts.join(", ");
}

/** Which boxes of which answers a merged one was made of: `answer/place`. */
export function membersOf(box: MergedBox | undefined): ReadonlySet<string> {
  return new Set(box?.members.map(({ answer, place }) => `${answer}/${place}`));
}

/** Those of an answer that came to nothing. */
export function leftOutOf(answers: readonly GivenAnswer[], left: readonly LeftOut[]) {
  return left.flatMap((one) => {
    const box = answers[one.answer]?.boxes?.[one.place];
    return box === undefined ? [] : [{ ...one, box }];
  });
}

// Told apart on asphalt and on the sky, and by most who see colours differently.
const COLOURS = ["#4cc2ff", "#ffb000", "#ff6ec7", "#7ee081", "#c9a7ff", "#ff7a59", "#00d5b0", "#f5e663", "#9db4ff"];

/** The colour of whoever gave the n-th answer. */
export function colourOfAnswer(place: number): string {
  return COLOURS[place % COLOURS.length] ?? "#4cc2ff";
}
