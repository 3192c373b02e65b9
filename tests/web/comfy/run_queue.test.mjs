import assert from "node:assert/strict";
import test from "node:test";
import { RunQueue } from "../../../web/comfy/run_queue.mjs";

const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A server that runs one thing after the other and says when its queue changes. */
function server() {
  let version = 0;
  const runs = [];
  const others = { waiting: 0 };
  const ran = [];
  const waiting = () => Math.max(runs.length - 1, 0) + others.waiting;
  const queue = new RunQueue(
    async () => {
      const asked = version;
      await null;
      runs.push(asked);
      void queue.update();
    },
    async () => {
      const count = waiting();
      await null;
      return count;
    },
  );
  const change = () => {
    version++;
    return queue.request();
  };
  const finish = async () => {
    ran.push(runs.shift());
    void queue.update();
    await settled();
  };
  return { queue, runs, others, ran, change, finish };
}

test("many changes leave one run and one that waits, and the last change is run in the end", async () => {
  const { runs, ran, change, finish } = server();
  for (let i = 0; i < 10; i++) void change();
  await settled();
  assert.ok(runs.length === 1 || runs.length === 2);
  while (runs.length) {
    await finish();
    assert.ok(runs.length <= 2);
  }
  assert.equal(ran.at(-1), 10);
  assert.ok(ran.length <= 3);
});

test("slow changes each have their run", async () => {
  const { ran, change, finish } = server();
  for (let i = 0; i < 3; i++) {
    await change();
    await finish();
  }
  assert.deepEqual(ran, [1, 2, 3]);
});

test("nothing is asked for while runs of others wait", async () => {
  const { queue, runs, others, change } = server();
  others.waiting = 4;
  await change();
  assert.deepEqual(runs, []);
  others.waiting = 0;
  await queue.update();
  assert.deepEqual(runs, [1]);
});

test("a queue that changes while it is asked about is asked about again", async () => {
  let answer;
  let submitted = 0;
  const queue = new RunQueue(async () => void submitted++, () => new Promise((resolve) => (answer = resolve)));
  const asked = queue.request();
  void queue.update();
  answer(1);
  await settled();
  answer(0);
  await asked;
  assert.equal(submitted, 1);
});

test("a run that could not be asked for does not stop the next one, nor what changed during it", async () => {
  const asked = [];
  let version = 1;
  const queue = new RunQueue(
    async () => {
      const asking = version;
      await null;
      if (asking === 1) throw new Error("no server");
      asked.push(asking);
    },
    async () => 0,
  );
  await assert.rejects(queue.request(), /no server/);
  const first = queue.request();
  await null;
  version = 2;
  await queue.request();
  await first.catch(() => {});
  assert.deepEqual([...new Set(asked)], [2]);
});

test("a server that does not answer is asked again when there is news", async () => {
  let up = false;
  let submitted = 0;
  const queue = new RunQueue(async () => void submitted++, async () => {
    if (!up) throw new Error("no server");
    return 0;
  });
  await assert.rejects(queue.request(), /no server/);
  up = true;
  await queue.update();
  assert.equal(submitted, 1);
});

test("what is cancelled is not asked for later", async () => {
  const { queue, runs, others, change } = server();
  others.waiting = 4;
  await change();
  queue.cancel();
  others.waiting = 0;
  await queue.update();
  assert.deepEqual(runs, []);
  const asked = change();
  queue.cancel();
  await asked;
  assert.deepEqual(runs, []);
});

test("whatever the order of changes and ends, one run waits at most and the last change is run", async () => {
  let seed = 3;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const { runs, ran, change, finish } = server();
  let last = 0;
  for (let i = 0; i < 300; i++) {
    if (random() < 0.6) {
      last++;
      const asked = change();
      if (random() < 0.5) await asked;
    } else if (runs.length) await finish();
    assert.ok(runs.length <= 2);
  }
  await settled();
  while (runs.length) await finish();
  assert.equal(ran.at(-1), last);
  assert.deepEqual(ran, [...new Set(ran)].sort((a, b) => a - b));
});

test("nothing is run that was not asked for, and nothing twice", async () => {
  const { queue, ran, change, finish } = server();
  await queue.update();
  await change();
  await finish();
  await queue.update();
  assert.deepEqual(ran, [1]);
});
