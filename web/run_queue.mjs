// @ts-check
// Run on release: every change is run once, and never more than one run waits behind the one that is running.

export class RunQueue {
  #remaining = 0;
  #again = false;
  #submitting = false;

  /** @param {() => Promise<unknown>} submit queues the graph once */
  constructor(submit) {
    this.submit = submit;
  }

  /** What the server says: runs that are running or waiting. @param {number} remaining */
  setRemaining(remaining) {
    this.#remaining = remaining;
    if (this.#again) this.request();
  }

  /** Runs the graph as it is now, or as it is when there is room in the queue. */
  async request() {
    this.#again = this.#submitting || this.#remaining > 1;
    if (this.#again) return;
    this.#submitting = true;
    try {
      await this.submit();
      // until the server says so itself
      this.#remaining++;
    } finally {
      this.#submitting = false;
      // also after a failure: what changed meanwhile may be run
      if (this.#again) await this.request();
    }
  }

  /** Forgets a run that is still to be asked for. */
  cancel() {
    this.#again = false;
  }
}
