// The connection to a node: opened again when it is lost, with the session resumed, so that nothing that was said is lost or heard
// twice. Not here: what the messages mean (device.js, call.js).

import { Emitter, PatchcordError } from "./emitter.js";

const PROTOCOL = "patchcord.client.v1";
const VERSION = 1;
/** How often the node is asked whether it is there, and how long its answer may take, in ms. */
const PING_MS = 10_000;
const PONG_MS = 5_000;
/** The same where something says that the network has changed, in ms. */
const LOOK_MS = 2_000;
/** How long a connection and its welcome may take, in ms. */
const WELCOME_MS = 10_000;
/** The first pause before a new try, and the longest, in ms. */
const PAUSE_MS = 250;
const PAUSE_MAX_MS = 8_000;
/** Messages of ours that the node may not have; one more ends the connection. */
const UNSENT_MAX = 256;
/** Reasons to close after which it makes no sense to come back with the same token. */
const FATAL = new Set([4400, 4401, 4403, 4429]);
/** There is nothing to resume: sign in anew. */
const NOTHING_TO_RESUME = 4410;

/**
 * @typedef {{ type: string, seq?: number, [field: string]: any }} Message
 * @typedef {{ seq: number, message: Message }} Ticket A message and its number in the session, which a new session changes.
 * @typedef {{ url: string, token: () => string, instance: string, WebSocket: any }} Settings
 */

/** Emits `message`, `open` (with whether the session is a new one), `lost`, `closed` (with why, for good). */
export class Connection extends Emitter {
  /** @type {Settings} */
  #settings;
  /** @type {any} */
  #socket = null;
  #isOpen = false;
  #isOver = false;
  #resume = "";
  /** The number of the last message of the node's, and of ours. */
  #heard = 0;
  #said = 0;
  /** What the node may not have. @type {Ticket[]} */
  #unsent = [];
  #pause = PAUSE_MS;
  /** @type {PatchcordError | null} */
  #lastError = null;
  /** @type {any} */
  #retry = null;
  /** @type {any} */
  #ping = null;
  /** @type {any} */
  #patience = null;

  /** @param {Settings} settings */
  constructor(settings) {
    super();
    this.#settings = settings;
  }

  get isOpen() {
    return this.#isOpen;
  }

  /** Opens it, unless it is open or being opened. */
  open() {
    if (this.#isOver || this.#socket) return;
    clearTimeout(this.#retry);
    const socket = new this.#settings.WebSocket(this.#settings.url, [PROTOCOL]);
    this.#socket = socket;
    this.#patience = setTimeout(() => this.#lost(socket, 0, ""), WELCOME_MS);
    socket.onopen = () => {
      const hello = this.#resume
        ? { resume: this.#resume, received: this.#heard }
        : { token: this.#settings.token(), instance: this.#settings.instance };
      socket.send(JSON.stringify({ type: "hello", version: VERSION, ...hello }));
      // It is good once, whether we hear the answer or not.
      this.#resume = "";
    };
    socket.onmessage = (/** @type {{ data: any }} */ event) => this.#text(socket, String(event.data));
    socket.onclose = (/** @type {{ code: number, reason: string }} */ event) => this.#lost(socket, event.code, event.reason);
    // What went wrong is told by the close that follows.
    socket.onerror = () => {};
  }

  /** The network may have changed: looks at once whether the node still hears us. */
  look() {
    if (this.#isOver) return;
    if (this.#isOpen) {
      this.#ask(LOOK_MS);
    } else if (!this.#socket) {
      this.#pause = PAUSE_MS;
      this.open();
    }
  }

  /**
   * Says something; if there is no connection now, once there is one.
   *
   * @param {Message} message
   * @returns {Ticket}
   */
  say(message) {
    if (this.#isOver) throw new PatchcordError("closed", "the device was destroyed, or its token is not good");
    if (this.#unsent.length >= UNSENT_MAX) throw new PatchcordError("not-connected", "too much waits for a connection");
    this.#said += 1;
    const ticket = { seq: this.#said, message };
    this.#unsent.push(ticket);
    if (this.#isOpen) this.#send({ ...message, seq: ticket.seq });
    return ticket;
  }

  /** What waits to be sent, or may have to be sent again. */
  get unsent() {
    return [...this.#unsent];
  }

  /** Leaves for good. */
  close() {
    if (this.#isOver) return;
    if (this.#isOpen) this.#send({ type: "leave" });
    this.#end(1000, null);
  }

  /** @param {Message} message */
  #send(message) {
    this.#socket?.send(JSON.stringify({ ...message, received: this.#heard }));
  }

  /**
   * @param {any} socket
   * @param {string} text
   */
  #text(socket, text) {
    if (socket !== this.#socket) return;
    /** @type {Message} */
    const message = JSON.parse(text);
    if (message.seq !== undefined) {
      if (message.seq <= this.#heard) return;
      this.#heard = message.seq;
    }
    if (message["call"] !== undefined) this.#isKnown(message["call"]);
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "pong":
        clearTimeout(this.#patience);
        return this.#arrived(message["received"]);
      case "error":
        this.#lastError = new PatchcordError(message["code"], message["message"]);
        break;
      default:
    }
    this.emit("message", message);
  }

  /** @param {Message} message */
  #welcome(message) {
    clearTimeout(this.#patience);
    this.#resume = message["resume"];
    this.#isOpen = true;
    this.#lastError = null;
    this.#pause = PAUSE_MS;
    this.#ping = setInterval(() => this.#ask(), PING_MS);
    const isNew = !message["resumed"];
    if (isNew) {
      // Nobody there knows of the calls of an old session; what begins something is good in any.
      this.#unsent = this.#unsent.filter(({ message: { type, call } }) => call === undefined || type === "call");
      this.#unsent.forEach((ticket, place) => (ticket.seq = place + 1));
      this.#said = this.#unsent.length;
      this.#heard = 0;
    } else {
      this.#arrived(message["received"]);
    }
    for (const { seq, message: waiting } of this.#unsent) this.#send({ ...waiting, seq });
    this.emit("open", isNew, message);
  }

  /** The node has heard of a call: it is not placed again in another session. @param {string} call */
  #isKnown(call) {
    this.#unsent = this.#unsent.filter(({ message }) => message.type !== "call" || message["call"] !== call);
  }

  /** @param {number} received */
  #arrived(received) {
    this.#unsent = this.#unsent.filter(({ seq }) => seq > received);
  }

  #ask(patience = PONG_MS) {
    const socket = this.#socket;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#lost(socket, 0, ""), patience);
    this.#send({ type: "ping" });
  }

  /**
   * @param {any} socket
   * @param {number} code
   * @param {string} reason
   */
  #lost(socket, code, reason) {
    if (socket !== this.#socket || this.#isOver) return;
    this.#drop();
    if (FATAL.has(code)) return this.#end(code, this.#lastError ?? new PatchcordError("closed", reason));
    if (code === NOTHING_TO_RESUME) this.#resume = "";
    const was = this.#isOpen;
    this.#isOpen = false;
    if (was) this.emit("lost");
    this.#retry = setTimeout(() => this.open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX_MS);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#ping);
    clearTimeout(this.#patience);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /**
   * @param {number} code
   * @param {PatchcordError | null} why
   */
  #end(code, why) {
    this.#isOver = true;
    this.#isOpen = false;
    clearTimeout(this.#retry);
    this.#drop();
    this.emit("closed", why, code);
  }
}
