import { expect, test } from "vitest";
import { VisibleAsker, type Clock } from "./visible";

/** A clock that stands still until told. */
class HandClock implements Clock {
  private time = 0;
  private due: { at: number; run: () => void }[] = [];
  now() {
    return this.time;
  }
  after(ms: number, run: () => void) {
    const entry = { at: this.time + ms, run };
    this.due.push(entry);
    return () => void (this.due = this.due.filter((other) => other !== entry));
  }
  pass(ms: number) {
    this.time += ms;
    const now = this.due.filter(({ at }) => at <= this.time);
    this.due = this.due.filter(({ at }) => at > this.time);
    for (const { run } of now) run();
  }
}

function setUp() {
  const clock = new HandClock();
  const asked: string[] = [];
  const asker = new VisibleAsker((first, last) => asked.push(`${first}-${last}`), clock);
  return { clock, asked, asker };
}

test("the first sight is asked for at once", () => {
  const { asked, asker } = setUp();
  asker.moved(0, 49);
  expect(asked).toEqual(["0-49"]);
});

test("a fling asks only where it ends", () => {
  const { clock, asked, asker } = setUp();
  asker.moved(0, 49);
  for (let step = 1; step <= 60; step++) {
    clock.pass(16);
    asker.moved(step * 40, step * 40 + 49);
  }
  expect(asked).toEqual(["0-49"]);
  clock.pass(100);
  expect(asked).toEqual(["0-49", "2400-2449"]);
});

test("slow scrolling asks as it goes, but not at each row", () => {
  const { clock, asked, asker } = setUp();
  asker.moved(0, 49);
  for (let step = 1; step <= 20; step++) {
    clock.pass(50);
    asker.moved(step * 5, step * 5 + 49);
  }
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.length).toBeLessThan(9);
});

test("nothing is asked twice, nor after the grid is gone", () => {
  const { clock, asked, asker } = setUp();
  asker.moved(0, 49);
  asker.moved(0, 49);
  clock.pass(1000);
  expect(asked).toEqual(["0-49"]);
  asker.moved(5000, 5049);
  asker.dispose();
  clock.pass(1000);
  expect(asked).toEqual(["0-49"]);
});

test("other frames in the same places are asked for again", () => {
  const { asked, asker } = setUp();
  asker.moved(0, 49);
  asker.forget();
  expect(asked).toEqual(["0-49", "0-49"]);
});
