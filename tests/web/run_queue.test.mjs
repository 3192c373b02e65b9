import assert from "node:assert/strict";
import test from "node:test";
import { RunQueue } from "../../web/run_queue.mjs";

/** A server that runs one thing after the other and says how many it has. */
function server() {
  let version = 0;
  const waiting = [];
  const ran = [];
  const queue = new RunQueue(async () => {
    const asked = version;
    await null;
    waiting.push(asked);
    queue.setRemaining(waiting.length);
  });
  const change = () => {
    version++;
    return queue.request();
  };
  const finish = async () => {
    ran.push(waiting.shift());
    queue.setRemaining(waiting.length);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { queue, waiting, ran, change, finish };
}

test("many changes leave one run and one that waits, and the last change is run in the end", async () => {
  const { waiting, ran, change, finish } = server();
  for (let i = 0; i < 10; i++) {
    void change();
    assert.ok(waiting.length <= 2);
  }
  await new Promise((resolve) => setTimeout(resolve));
  while (waiting.length) {
    assert.ok(waiting.length <= 2);
    await finish();
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

test("nothing is asked for while others fill the queue", async () => {
  const { queue, waiting, change } = server();
  queue.setRemaining(5);
  await change();
  assert.deepEqual(waiting, []);
  queue.setRemaining(1);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(waiting, [1]);
});

test("a run that could not be asked for does not stop the next one", async () => {
  let calls = 0;
  const queue = new RunQueue(async () => {
    if (++calls === 1) throw new Error("no server");
  });
  await assert.rejects(queue.request());
  await queue.request();
  assert.equal(calls, 2);
});

test("what is cancelled is not asked for later", async () => {
  const { queue, waiting, change } = server();
  queue.setRemaining(5);
  await change();
  queue.cancel();
  queue.setRemaining(0);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(waiting, []);
});

test("a change during a run that could not be asked for is run", async () => {
  const asked = [];
  let version = 1;
  const queue = new RunQueue(async () => {
    const asking = version;
    await null;
    if (asking === 1) throw new Error("no server");
    asked.push(asking);
  });
  const first = queue.request();
  version = 2;
  await queue.request();
  await assert.rejects(first, /no server/);
  assert.deepEqual(asked, [2]);
});

test("a server that is slow to say what it has gets no more than one run to wait", async () => {
  let asked = 0;
  const queue = new RunQueue(async () => void asked++);
  for (let i = 0; i < 10; i++) await queue.request();
  assert.equal(asked, 2);
  queue.setRemaining(1);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(asked, 3);
  queue.setRemaining(0);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(asked, 3);
});

test("whatever the order of changes and ends, one run waits at most and the last change is run", async () => {
  let seed = 3;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const { waiting, ran, change, finish } = server();
  let last = 0;
  for (let i = 0; i < 300; i++) {
    if (random() < 0.6) {
      last++;
      const asked = change();
      if (random() < 0.5) await asked;
    } else if (waiting.length) await finish();
    assert.ok(waiting.length <= 2);
  }
  await new Promise((resolve) => setTimeout(resolve));
  while (waiting.length) await finish();
  assert.equal(ran.at(-1), last);
  assert.deepEqual(ran, [...new Set(ran)].sort((a, b) => a - b));
});

test("nothing is run that was not asked for, and nothing twice", async () => {
  const { queue, ran, change, finish } = server();
  for (const remaining of [0, 1, 0]) queue.setRemaining(remaining);
  await change();
  await finish();
  for (const remaining of [0, 1, 0]) queue.setRemaining(remaining);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(ran, [1]);
});
