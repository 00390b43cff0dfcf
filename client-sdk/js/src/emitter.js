// Events by name, as in Node and in browsers' own objects. Not an EventTarget: listeners get the values themselves.

/** Something that tells listeners what happens. */
export class Emitter {
  /** @type {Map<string, Set<(...values: any[]) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} event
   * @param {(...values: any[]) => void} listener
   */
  on(event, listener) {
    const known = this.#listeners.get(event) ?? new Set();
    known.add(listener);
    this.#listeners.set(event, known);
    return this;
  }

  /**
   * @param {string} event
   * @param {(...values: any[]) => void} listener
   */
  off(event, listener) {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  /**
   * @param {string} event
   * @param {(...values: any[]) => void} listener
   */
  once(event, listener) {
    const first = (/** @type {any[]} */ ...values) => {
      this.off(event, first);
      listener(...values);
    };
    return this.on(event, first);
  }

  /**
   * Tells it. A listener that throws keeps nobody else from hearing it.
   *
   * @param {string} event
   * @param {any[]} values
   */
  emit(event, ...values) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(...values);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** What went wrong, with a code that does not change: see docs/client-protocol.md. */
export class PatchcordError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "PatchcordError";
    this.code = code;
  }
}
