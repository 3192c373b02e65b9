// @ts-check
// Run on release: every change is run once, and never more than one run waits behind the one that is running.

export class RunQueue {
  #again = false;
  #asking = false;
  #changed = false;

  /**
   * @param {() => Promise<unknown>} submit queues the graph once
   * @param {() => Promise<number>} waiting asks the server how many runs wait, without the one that is running
   */
  constructor(submit, waiting) {
    this.submit = submit;
    this.waiting = waiting;
  }

  /** Runs the graph as it is now, or as it is when nothing waits any more. */
  async request() {
    this.#again = true;
    if (this.#asking) return;
    this.#asking = true;
    let failed = null;
    try {
      do {
        this.#changed = false;
        if ((await this.waiting()) || !this.#again) continue;
        this.#again = false;
        // what changed during a run that could not be asked for is run
        await this.submit().catch((error) => (failed = { error }));
        this.#changed = true;
      } while (this.#again && this.#changed);
    } finally {
      this.#asking = false;
    }
    if (failed) throw /** @type {{error: unknown}} */ (failed).error;
  }

  /** The server's queue is another one now. */
  async update() {
    this.#changed = true;
    if (this.#again) await this.request();
  }

  /** Forgets a run that is still to be asked for. */
  cancel() {
    this.#again = false;
  }
}
