// The way to the API: requests with the key, problems as errors, and streams of events that come back by themselves.

/** What the server says is wrong, in its own words. */
export class Problem extends Error {
  /**
   * @param {number} status 0: the server was not reached
   * @param {string} code
   * @param {string} detail
   */
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Whether an error is only that whoever asked has gone.
 * @param {unknown} error */
export function isAborted(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/** @param {unknown} error */
export function sentence(error) {
  if (error instanceof Problem && error.status === 0) return "The server cannot be reached.";
  return error instanceof Error ? error.message : String(error);
}

/** How long a stream that broke off is left alone, at first and at most. */
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 10_000;

export class Api {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** Called once the server does not know the key any more. */
    this.onRefused = () => {};
  }

  /**
   * @template T
   * @param {string} path
   * @param {AbortSignal} [signal]
   * @returns {Promise<T>}
   */
  async get(path, signal) {
    return (await this.ask("GET", path, undefined, signal)).json();
  }

  /**
   * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>} what was answered, if anything
   */
  async change(method, path, body) {
    const answer = await this.ask(method, path, body);
    return answer.status === 204 ? undefined : answer.json();
  }

  /**
   * @param {string} path
   * @param {AbortSignal} [signal]
   */
  async blob(path, signal) {
    return (await this.ask("GET", path, undefined, signal)).blob();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {AbortSignal} [signal]
   * @returns {Promise<Response>}
   */
  async ask(method, path, body, signal) {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${this.key}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer;
    try {
      const text = body === undefined ? null : JSON.stringify(body);
      answer = await fetch(path, { method, headers, body: text, signal: signal ?? null, cache: "no-store" });
    } catch (error) {
      if (isAborted(error)) throw error;
      throw new Problem(0, "unreachable", "The server cannot be reached.");
    }
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401) this.onRefused();
    throw new Problem(answer.status, problem.code ?? "unknown", problem.detail ?? `The server answered ${answer.status}.`);
  }

  /**
   * Reads server-sent events until the signal says stop or the server has no more of them. A stream that breaks off is opened again.
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {{ event: (kind: string, data: any) => void, open?: () => void, down?: () => void }} told
   */
  async stream(path, signal, told) {
    let pause = PAUSE_MS;
    while (!signal.aborted) {
      try {
        const answer = await this.ask("GET", path, undefined, signal);
        pause = PAUSE_MS;
        told.open?.();
        if (answer.body) await readEvents(answer.body, told.event);
      } catch (error) {
        if (isAborted(error)) return;
        if (error instanceof Problem && error.status >= 400 && error.status < 500) return;
      }
      if (signal.aborted) return;
      told.down?.();
      await wait(pause, signal);
      pause = Math.min(2 * pause, PAUSE_MAX_MS);
    }
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function wait(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(kind: string, data: any) => void} tell
 */
async function readEvents(body, tell) {
  const decoder = /** @type {ReadableWritablePair<string, any>} */ (new TextDecoderStream());
  const reader = body.pipeThrough(decoder).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (/** @type {string} */ name) => lines.find((line) => line.startsWith(name))?.slice(name.length);
      const data = field("data: ");
      if (data !== undefined) tell(field("event: ") ?? "message", JSON.parse(data));
    }
  }
}
