import { describe, expect, it } from "vitest";
import type { GivenAnswer, MergedBox } from "../../api/labelling";
import { inShort, leftOutOf, membersOf, whyLeftOut, whyMerged } from "./why";

const merged = (ious: number[], confidence: number, is_tied = false): MergedBox => ({
  label: "car", left: 0, top: 0, width: 10, height: 10, confidence, is_tied, members: ious.map((iou, answer) => ({ answer, place: answer + 1, iou })),
});
const given = (good?: boolean): GivenAnswer => ({ assignment: 1, worker: "wim", boxes: [], verdict: good === undefined ? null : { is_good: good }, seconds: 3, submitted_at: "2026-05-04T09:30:00Z", state: "submitted" });

describe("why a box is there", () => {
  it("is said in votes and overlaps", () => {
    expect(whyMerged(merged([0.91, 0.88, 0.95], 0.91), 3)).toBe("3 of 3 people, IoU 0.91, 0.88, 0.95 → 0.91");
    expect(whyMerged(merged([0.9, 0.8], 0.57, true), 3)).toBe("2 of 3 people, IoU 0.90, 0.80 → 0.57; as many named it otherwise");
    expect(whyMerged(merged([1], 0), 1)).toBe("One person only, so nobody to agree with → 0.00");
  });

  it("or why it is not", () => {
    expect(whyLeftOut({ answer: 0, place: 0, votes: 1, needed: 2, nearest_iou: 0.42 }, 3)).toBe("1 of 3, 2 needed; nearest other box IoU 0.42");
    expect(whyLeftOut({ answer: 0, place: 0, votes: 1, needed: 2, nearest_iou: 0 }, 3)).toBe("1 of 3, 2 needed; nobody else drew near it");
  });

  it("goes back to the boxes of each", () => {
    expect([...membersOf(merged([0.9, 0.8], 1))]).toEqual(["0/1", "1/2"]);
    expect([...membersOf(undefined)]).toEqual([]);
    const box = { label: "bus", left: 1, top: 1, width: 5, height: 5 };
    const left = [{ answer: 0, place: 0, votes: 1, needed: 2, nearest_iou: 0 }, { answer: 4, place: 0, votes: 1, needed: 2, nearest_iou: 0 }];
    expect(leftOutOf([{ ...given(), boxes: [box] }], left).map((one) => one.box.label)).toEqual(["bus"]);
  });
});

describe("a task in short", () => {
  const three = [given(), given(), given()];
  it("says how far people agree", () => {
    expect(inShort({ answers: [], result: null, judged: null })).toBe("Nobody has answered yet");
    expect(inShort({ answers: [given()], result: null, judged: null })).toBe("Not merged yet: more answers are wanted");
    expect(inShort({ answers: three, result: { boxes: [], left_out: [], agreement: 1 }, judged: null })).toBe("All say that nothing is there");
    const result = { boxes: [merged([0.9, 0.9, 0.9], 0.9), merged([0.9, 0.8], 0.57, true)], left_out: [{ answer: 2, place: 0, votes: 1, needed: 2, nearest_iou: 0.1 }], agreement: 0.8 };
    expect(inShort({ answers: three, result, judged: null })).toBe("1 of 2 boxes by all, 1 left out, 1 with a tie of labels");
  });
  it("counts verdicts", () => {
    const judged = { is_good: false, confidence: 0.5, is_tied: true, comments: [] };
    expect(inShort({ answers: [given(true), given(false)], result: null, judged })).toBe("1 of 2 say good: a tie counts as not good");
  });
});
