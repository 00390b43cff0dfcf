// A device: one identity in one page or app. It signs in with a token, is called and calls, says how available its user is and sees how
// available others are. Not here: a call (call.js), and the connection (connection.js).

import { Call } from "./call.js";
import { Connection } from "./connection.js";
import { Emitter, PatchcordError } from "./emitter.js";

/**
 * @typedef {import("./connection.js").Message} Message
 * @typedef {import("./connection.js").Ticket} Ticket
 * @typedef {{ url: string, instance?: string, iceServers?: any[], iceTransportPolicy?: string, audio?: any, webSocket?: any, peerConnection?: any,
 *   getMicrophone?: () => Promise<any>, loudspeaker?: any }} Options
 */

/** The browser's own things, where there is a browser. @type {any} */
const here = globalThis;

/** Emits `registered`, `unregistered`, `incoming`, `tokenWillExpire`, `reconnecting`, `reconnected`, `error`, `destroyed`. */
export class Device extends Emitter {
  /** @type {string} */
  #token;
  /** @type {Connection} */
  #connection;
  /** @type {Map<string, Call>} */
  #calls = new Map();
  #placed = 0;
  #wantsToRegister = false;
  #isRegistered = false;
  #isDestroyed = false;
  #wasLost = false;
  /** Who waits for what became of a message. @type {Map<Ticket, (error: PatchcordError | null) => void>} */
  #waiting = new Map();
  /** @type {Presence} */
  presence;
  /** What calls are made of. @type {any} */
  settings;
  /** @type {(error?: PatchcordError | null) => void} */
  #welcomed = () => {};
  /** Until a node has told what calls are made with. */
  #isWelcome = new Promise((/** @type {(value?: any) => void} */ done, failed) => {
    this.#welcomed = (error) => (error ? failed(error) : done());
  });
  #hasOwnServers;
  #networkChanged = () => this.#lookAtNetwork();

  /**
   * @param {string} token
   * @param {Options} options
   */
  constructor(token, options) {
    super();
    this.#token = token;
    this.#hasOwnServers = options.iceServers !== undefined;
    // Who calls hears of it.
    this.#isWelcome.catch(() => {});
    const WebSocket = options.webSocket ?? here.WebSocket;
    if (!WebSocket) throw new PatchcordError("no-websocket", "there is no WebSocket here: give one in the options");
    this.settings = {
      rtc: { bundlePolicy: "max-bundle", iceServers: options.iceServers ?? [], iceTransportPolicy: options.iceTransportPolicy ?? "all" },
      /** Whether the node finds us by itself: nothing has to be gathered before a description is sent. */
      isLite: false,
      peerConnection: options.peerConnection ?? here.RTCPeerConnection,
      getMicrophone:
        options.getMicrophone ?? (() => here.navigator.mediaDevices.getUserMedia({ audio: options.audio ?? true })),
      Loudspeaker: options.loudspeaker === undefined ? here.Audio : options.loudspeaker,
    };
    this.#connection = new Connection({
      url: options.url,
      token: () => this.#token,
      instance: options.instance ?? here.crypto.randomUUID(),
      WebSocket,
    });
    this.presence = new Presence((message) => this.#ask(message));
    this.#connection
      .on("open", (isNew, welcome) => this.#opened(isNew, welcome))
      .on("lost", () => this.#lost())
      .on("closed", (why) => this.#closed(why))
      .on("message", (message) => this.#message(message));
    here.addEventListener?.("online", this.#networkChanged);
    here.navigator?.connection?.addEventListener?.("change", this.#networkChanged);
    this.#connection.open();
  }

  /** The calls there are, incoming ones included. */
  get calls() {
    return [...this.#calls.values()];
  }
  get isRegistered() {
    return this.#isRegistered;
  }
  get isConnected() {
    return this.#connection.isOpen;
  }

  /** Lets the device be called. Done once it can be; it is registered again by itself after a lost connection. */
  async register() {
    this.#wantsToRegister = true;
    if (this.#isRegistered) return;
    await this.#ask({ type: "register" }, "registered");
  }

  async unregister() {
    this.#wantsToRegister = false;
    if (!this.#isRegistered) return;
    await this.#ask({ type: "unregister" }, "unregistered");
  }

  /**
   * Calls what its token allows.
   *
   * @param {{ params?: Record<string, string>, to?: string }} options
   * @returns {Promise<Call>} Once it is placed.
   */
  async connect({ params = {}, to } = {}) {
    if (this.#isDestroyed) throw new PatchcordError("closed", "the device was destroyed");
    this.#placed += 1;
    const name = `c${this.#placed}-${Date.now().toString(36)}`;
    const call = new Call(this, { name, direction: "outgoing", from: "", fromName: "", params, offer: null });
    this.#calls.set(name, call);
    try {
      await this.#isWelcome;
      await call.place(to);
    } catch (error) {
      call.end("failed", undefined);
      throw error;
    }
    return call;
  }

  /**
   * Goes on with a new token of the same identity; calls notice nothing.
   *
   * @param {string} token
   */
  async updateToken(token) {
    const before = this.#token;
    this.#token = token;
    try {
      await this.#ask({ type: "token", token }, "token-updated");
    } catch (error) {
      this.#token = before;
      throw error;
    }
    // With the old token its registration may have ended.
    if (this.#wantsToRegister && !this.#isRegistered) this.#connection.say({ type: "register" });
  }

  /** Ends all calls and leaves. */
  destroy() {
    this.#connection.close();
  }

  /**
   * For calls.
   *
   * @param {Message} message
   */
  say(message) {
    // With its device gone, a call is over and has nothing to say.
    if (!this.#isDestroyed) this.#connection.say(message);
  }

  /** For calls: one is over. @param {Call} call */
  forget(call) {
    this.#calls.delete(call.id);
  }

  /**
   * Says something and waits for what comes of it: a message of this type, or an error about it.
   *
   * @param {Message} message
   * @param {string} [type]
   * @returns {Promise<void>}
   */
  #ask(message, type) {
    return new Promise((done, failed) => {
      const ticket = this.#connection.say(message);
      const finish = (/** @type {PatchcordError | null} */ error) => {
        this.#waiting.delete(ticket);
        if (type) this.off(`said:${type}`, good);
        if (error) failed(error);
        else done();
      };
      const good = () => finish(null);
      if (type) this.once(`said:${type}`, good);
      this.#waiting.set(ticket, finish);
    });
  }

  #lost() {
    this.#wasLost = true;
    this.emit("reconnecting");
  }

  /** For calls: their path is gone, and perhaps the way to the node with it. */
  look() {
    this.#connection.look();
  }

  /**
   * @param {boolean} isNew
   * @param {Message} welcome
   */
  #opened(isNew, welcome) {
    this.settings.isLite = welcome["ice"] === "lite";
    this.#servers(welcome);
    this.#welcomed();
    if (isNew) {
      this.#anew();
    } else {
      for (const call of this.calls) call.restart();
    }
    if (this.#wasLost) this.emit("reconnected", !isNew);
    this.#wasLost = false;
  }

  /** What the node says of servers counts, unless the page has its own. @param {Message} message */
  #servers({ ice_servers: servers = [] }) {
    if (!this.#hasOwnServers) this.settings.rtc.iceServers = servers;
  }

  /** A new session has no calls but those that were not placed yet, and answers nothing that the old one was asked. */
  #anew() {
    const unsent = this.#connection.unsent;
    const isUnsent = (/** @type {Call} */ call) => unsent.some(({ message }) => message["call"] === call.id);
    for (const call of this.calls) if (call.isPlaced && !isUnsent(call)) call.end("lost", undefined);
    for (const [ticket, finish] of [...this.#waiting]) {
      // A token was given with the new session; presence is said again below.
      if (ticket.message.type !== "register" && !unsent.includes(ticket)) finish(null);
    }
    this.#isRegistered = false;
    const asks = unsent.some(({ message }) => message.type === "register");
    if (this.#wantsToRegister && !asks) this.#connection.say({ type: "register" });
    if (this.#wasLost) this.presence.again();
  }

  /** @param {PatchcordError | null} why */
  #closed(why) {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#welcomed(why ?? new PatchcordError("closed", "the device was destroyed"));
    here.removeEventListener?.("online", this.#networkChanged);
    here.navigator?.connection?.removeEventListener?.("change", this.#networkChanged);
    for (const call of this.calls) call.end(why ? "lost" : "local", undefined);
    for (const finish of [...this.#waiting.values()]) finish(why ?? new PatchcordError("closed", "the device was destroyed"));
    if (this.#isRegistered) {
      this.#isRegistered = false;
      this.emit("unregistered", why?.code ?? "asked");
    }
    if (why) this.emit("error", why);
    this.emit("destroyed");
  }

  #lookAtNetwork() {
    this.#connection.look();
    // A new network may leave the connection to the node standing and take the path of the sound.
    if (this.#connection.isOpen) for (const call of this.calls) call.restart();
  }

  /** @param {Message} message */
  #message(message) {
    this.emit(`said:${message.type}`);
    switch (message.type) {
      case "done":
        return this.#waits(message["of"])?.(null);
      case "registered":
        this.#isRegistered = true;
        return this.emit("registered");
      case "unregistered":
        this.#isRegistered = false;
        return this.emit("unregistered", message["reason"]);
      case "token-will-expire":
        return this.emit("tokenWillExpire", message["in_ms"]);
      case "token-updated":
        return this.#servers(message);
      case "incoming":
        return this.#incoming(message);
      case "presence.changed":
        return this.presence.changed(message["identities"]);
      case "error":
        return this.#error(message);
      default:
    }
    this.#calls.get(message["call"])?.handle(message);
  }

  /** Who waits for a message of this number. @param {number | undefined} seq */
  #waits(seq) {
    for (const [ticket, finish] of this.#waiting) if (ticket.seq === seq) return finish;
    return undefined;
  }

  /** @param {Message} message */
  #incoming(message) {
    const call = new Call(this, {
      name: message["call"],
      direction: "incoming",
      from: message["from"],
      fromName: message["from_name"],
      params: message["params"],
      offer: message["sdp"] ?? null,
    });
    this.#calls.set(call.id, call);
    this.emit("incoming", call);
  }

  /** @param {Message} message */
  #error(message) {
    const waits = this.#waits(message["of"]);
    const error = new PatchcordError(message["code"], message["message"]);
    if (waits) return waits(error);
    const call = this.#calls.get(message["call"]);
    if (call) return call.handle(message);
    this.emit("error", error);
  }
}

/** How available the user is, and others are. */
class Presence {
  /** @type {(message: Message) => Promise<void>} */
  #ask;
  /** @type {Map<string, Set<(presence: any) => void>>} */
  #watched = new Map();
  /** @type {any} */
  #published = null;

  /** @param {(message: Message) => Promise<void>} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * Says how available the user is at this device; said again by itself in a new session.
   *
   * @param {{ availability: string, reason?: string, text?: string }} status
   */
  async publish(status) {
    await this.#ask({ type: "presence.publish", ...status });
    this.#published = status;
  }

  /**
   * Calls back for each of these at once and whenever one changes.
   *
   * @param {string[]} identities
   * @param {(presence: any) => void} callback
   * @returns {Promise<() => void>} What ends that.
   */
  async watch(identities, callback) {
    for (const identity of identities) {
      const known = this.#watched.get(identity) ?? new Set();
      known.add(callback);
      this.#watched.set(identity, known);
    }
    const end = () => {
      for (const identity of identities) {
        const known = this.#watched.get(identity);
        known?.delete(callback);
        if (known?.size === 0) this.#watched.delete(identity);
      }
      // Nobody waits for that.
      this.#watch().catch(() => {});
    };
    try {
      await this.#watch();
    } catch (error) {
      for (const identity of identities) this.#watched.get(identity)?.delete(callback);
      throw error;
    }
    return end;
  }

  /** A new session knows nothing of it. */
  again() {
    if (this.#watched.size > 0) this.#watch().catch(() => {});
    if (this.#published) this.#ask({ type: "presence.publish", ...this.#published }).catch(() => {});
  }

  /** @param {{ identity: string }[]} identities */
  changed(identities) {
    for (const presence of identities) {
      for (const callback of [...(this.#watched.get(presence.identity) ?? [])]) callback(presence);
    }
  }

  #watch() {
    return this.#ask({ type: "presence.watch", identities: [...this.#watched.keys()] });
  }
}
