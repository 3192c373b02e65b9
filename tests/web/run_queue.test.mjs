import assert from "node:assert/strict";
import test from "node:test";
import { RunQueue } from "../../web/run_queue.mjs";

/** A server that runs one thing after the other and says how many it has. */
function server() {
  let version = 0;
  const waiting = [];
  const ran = [];
  const queue = new RunQueue(async () => {
    await null;
    waiting.push(version);
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
