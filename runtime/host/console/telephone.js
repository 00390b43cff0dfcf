// The telephone of this tab: one identity that is registered at the node, its calls and their sound, and who else is there. It goes on
// whatever page is shown. Not here: how it looks (pages/phone.js), and the protocol (the SDK).

import { Device } from "/console/sdk/index.js";
import { words } from "./format.js";

/** What is remembered of it in this browser. */
const KEPT = "patchcord-phone";
/** Names this tab, so that it takes its own place again when it is loaded anew. */
const INSTANCE = "patchcord-phone-instance";
/** How long a token is asked for, in seconds. A new one is got before it ends. */
const TOKEN_S = 3_600;
/** Colleagues that are watched at most. */
export const COLLEAGUES_MAX = 50;

/** What is said when a call is over, by the reason that the node gives. @type {Record<string, string>} */
const ENDS = {
  remote: "The other side hung up.",
  local: "You hung up.",
  cancelled: "The caller gave up.",
  busy: "Busy.",
  declined: "The call was declined.",
  "no-answer": "Nobody answered.",
  "not-found": "There is nobody of that name or number.",
  forbidden: "This call is not allowed.",
  unavailable: "Nobody can be reached there now.",
  refused: "The call was refused.",
  replaced: "The call goes on elsewhere.",
  lost: "The connection was lost.",
  failed: "The call failed.",
};

/**
 * @typedef {"off" | "connecting" | "registered" | "reconnecting"} Phase
 * @typedef {import("/console/sdk/index.js").Status["availability"]} Availability
 * @typedef {import("/console/sdk/index.js").Call} Call
 * @typedef {{ name: string, microphone: string, loudspeaker: string, colleagues: string[] }} Kept
 * @typedef {{ call: Call, who: string, since: number, keys: string, speaker: HTMLAudioElement | null }} Line
 */

/** @returns {Kept} */
function kept() {
  const none = { name: "", microphone: "", loudspeaker: "", colleagues: [] };
  try {
    return { ...none, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch {
    return none;
  }
}

/**
 * The node's door for this page: a page that came encrypted may open encrypted connections alone.
 *
 * @param {import("./types.js").ClientDoor[]} doors
 */
function addressOf(doors) {
  const isSecure = location.protocol.startsWith("https");
  const wanted = isSecure ? ["wss"] : ["ws", "wss"];
  const door = wanted.map((transport) => doors.find((one) => one.transport === transport)).find(Boolean);
  return door && `${door.transport}://${location.hostname}:${door.port}${door.path}`;
}

/** The name of this tab. */
function instance() {
  const known = sessionStorage.getItem(INSTANCE) ?? crypto.randomUUID();
  sessionStorage.setItem(INSTANCE, known);
  return known;
}

export class Telephone {
  /** @type {import("./api.js").Api} */
  #api;
  /** @type {Device | null} */
  #device = null;
  /** The handler that the token lets us call; nothing: it dials. */
  #handler = "";
  /** @type {Set<() => void>} */
  #told = new Set();
  /** Ends what is watched. */
  #unwatch = () => {};
  /** @type {Phase} */
  phase = "off";
  /** What is to be said of the last thing that happened; a person reads it, or hears it read. */
  news = "";
  /** @type {Line[]} */
  lines = [];
  /** What this device says of its user. @type {{ availability: Availability, text: string }} */
  own = { availability: "available", text: "" };
  /** How colleagues are. @type {Map<string, import("/console/sdk/index.js").IdentityPresence>} */
  presence = new Map();
  kept = kept();

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Calls back after each change, until the signal says stop.
   *
   * @param {() => void} listener
   * @param {AbortSignal} [signal]
   */
  onChange(listener, signal) {
    this.#told.add(listener);
    signal?.addEventListener("abort", () => this.#told.delete(listener));
  }

  #changed() {
    for (const listener of [...this.#told]) listener();
  }

  /** @param {string} news */
  #say(news) {
    this.news = news;
    this.#changed();
  }

  /** The call that buttons and keys are for: the one that is talked on, else any. */
  get current() {
    const talks = this.lines.find(({ call }) => call.status === "open" && !call.isHeld);
    return talks ?? this.lines.find(({ call }) => call.status !== "ringing" || call.direction === "outgoing") ?? this.lines[0];
  }

  /** Those that wait to be taken. */
  get incoming() {
    return this.lines.filter(({ call }) => call.direction === "incoming" && call.status === "ringing");
  }

  /** @param {Partial<Kept>} change */
  keep(change) {
    this.kept = { ...this.kept, ...change };
    localStorage.setItem(KEPT, JSON.stringify(this.kept));
  }

  /**
   * Registers as somebody.
   *
   * @param {string} name
   */
  async begin(name) {
    if (!window.isSecureContext) throw new Error("Browsers give the microphone to pages by https, or of this machine, alone.");
    this.end();
    this.keep({ name });
    this.phase = "connecting";
    this.#say(`Registering as ${name}.`);
    /** @type {Device | null} */
    let device = null;
    try {
      /** @type {import("./types.js").ClientDoors} */
      const { doors, media_port } = await this.#api.get("/v1/clients/doors");
      const url = addressOf(doors);
      if (!url) throw new Error("This server has no door for browsers: it needs `wss` (or `ws`) in [sip].");
      if (media_port === undefined) throw new Error("This server takes no sound of browsers: it needs `browser_port` in [media].");
      device = new Device(await this.#token(), { url, instance: instance(), getMicrophone: () => this.#microphone(), loudspeaker: null });
      this.#device = device;
      this.#listen(device);
      await device.register();
      await device.presence.publish({ availability: this.own.availability });
      await this.#watch();
    } catch (error) {
      // Whoever has left meanwhile, or come as somebody else, is told nothing of it.
      if (this.#device !== device) return;
      this.end();
      throw error;
    }
  }

  /** Not registered any more; calls end. */
  end() {
    const device = this.#device;
    this.#device = null;
    this.#unwatch = () => {};
    this.presence.clear();
    this.own = { availability: "available", text: "" };
    device?.destroy();
    this.phase = "off";
    this.#handler = "";
    this.#say("");
  }

  /** @param {Device} device */
  #listen(device) {
    const ifCurrent = (/** @type {() => void} */ then) => () => {
      if (this.#device === device) then();
    };
    const phase = (/** @type {Phase} */ now, /** @type {string} */ news) => ifCurrent(() => {
      this.phase = now;
      this.#say(news);
    });
    // It is registered again with each new token, of which there is nothing to say.
    device.on("registered", () => {
      if (this.phase !== "registered") phase("registered", `Registered as ${this.kept.name}.`)();
    });
    device.on("reconnecting", phase("reconnecting", "The connection is lost; calls go on meanwhile."));
    device.on("reconnected", () => phase(device.isRegistered ? "registered" : "connecting", "Connected again.")());
    device.on("unregistered", (reason) => phase("connecting", `Not registered: ${words(reason).toLowerCase()}.`)());
    device.on("incoming", (call) => this.#take(call));
    device.on("tokenWillExpire", ifCurrent(() => {
      this.#token().then((token) => device.updateToken(token)).catch((error) => this.#say(error.message));
    }));
    device.on("error", (error) => ifCurrent(() => this.#say(error.message))());
    device.on("destroyed", ifCurrent(() => {
      const { news } = this;
      this.end();
      this.#say(news);
    }));
  }

  /** A token for what is to be called now. */
  async #token(handler = this.#handler) {
    /** @type {import("./types.js").Token} */
    const { token } = await this.#api.change("POST", "/v1/tokens", {
      identity: this.kept.name,
      ...(handler ? { call: { handler } } : { dial: true }),
      incoming: true,
      presence: { publish: true, watch: "all" },
      ttl_s: TOKEN_S,
    });
    return token;
  }

  async #microphone() {
    const wanted = this.kept.microphone;
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: wanted ? { ...audio, deviceId: { ideal: wanted } } : audio });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (name === "NotAllowedError") throw new Error("The browser does not give this page the microphone.");
      if (name === "NotFoundError") throw new Error("There is no microphone.");
      throw error;
    }
  }

  /**
   * Calls a number or a name, or a handler.
   *
   * @param {string} to
   * @param {string} handler nothing: it is dialled
   */
  async call(to, handler) {
    const device = this.#device;
    if (!device) throw new Error("Register first.");
    if (handler !== this.#handler) {
      await device.updateToken(await this.#token(handler));
      this.#handler = handler;
    }
    await this.#holdOthers(null);
    this.#take(await device.connect(handler ? {} : { to }), handler || to);
  }

  /**
   * @param {Call} call
   * @param {string} [whom] for one that we placed
   */
  #take(call, whom) {
    const who = whom ?? (call.fromName || call.from || "unknown");
    /** @type {Line} */
    const line = { call, who, since: Date.now(), keys: "", speaker: null };
    this.lines.push(line);
    call.on("ringing", () => this.#say(`Ringing at ${who}.`));
    call.on("accepted", () => {
      line.since = Date.now();
      this.#hear(line);
      this.#say(`Connected with ${who}.`);
    });
    call.on("track", () => this.#hear(line));
    call.on("reconnecting", () => this.#say(`The sound of the call with ${who} is lost; another way is looked for.`));
    call.on("reconnected", () => this.#say(`The call with ${who} is heard again.`));
    call.on("error", (error) => this.#say(error.message));
    call.on("ended", ({ reason }) => {
      this.lines = this.lines.filter((other) => other !== line);
      if (line.speaker) line.speaker.srcObject = null;
      this.#say(`${who}: ${ENDS[reason] ?? words(reason)}`);
    });
    this.#say(call.direction === "incoming" ? "" : `Calling ${who}.`);
  }

  /** What the other side says is heard. @param {Line} line */
  #hear(line) {
    const track = line.call.peerConnection?.getReceivers()[0]?.track;
    if (line.speaker || !track) return;
    line.speaker = new Audio();
    line.speaker.srcObject = new MediaStream([track]);
    this.#toLoudspeaker(line.speaker);
    line.speaker.play().catch((error) => this.#say(error.message));
  }

  /** @param {HTMLAudioElement} speaker */
  #toLoudspeaker(speaker) {
    // A loudspeaker that is gone is no reason to hear nothing: the usual one is used.
    if ("setSinkId" in speaker) speaker.setSinkId(this.kept.loudspeaker).catch(() => {});
  }

  /** @param {Line} line */
  async answer(line) {
    await this.#holdOthers(line);
    await line.call.accept();
    this.#changed();
  }

  /** @param {Line} line */
  async mute(line) {
    line.call.mute(!line.call.isMuted);
    this.#say(line.call.isMuted ? "Muted." : "Not muted.");
  }

  /** @param {Line} line */
  async hold(line) {
    if (line.call.isHeld) {
      await this.#holdOthers(line);
      await line.call.unhold();
    } else {
      await line.call.hold();
    }
    this.#say(line.call.isHeld ? `${line.who} is on hold.` : `Connected with ${line.who}.`);
  }

  /** One talks with one at a time. @param {Line | null} line */
  async #holdOthers(line) {
    for (const other of this.lines) {
      if (other !== line && other.call.status === "open" && !other.call.isHeld) await other.call.hold();
    }
  }

  /**
   * @param {Line} line
   * @param {string} key
   */
  press(line, key) {
    line.call.sendKeys(key);
    line.keys = (line.keys + key).slice(-24);
    this.#changed();
  }

  /**
   * Which devices are used, of calls that go on too.
   *
   * @param {"microphone" | "loudspeaker"} kind
   * @param {string} id
   */
  async choose(kind, id) {
    this.keep({ [kind]: id });
    for (const { call, speaker } of this.lines) {
      if (kind === "loudspeaker" && speaker) this.#toLoudspeaker(speaker);
      if (kind === "microphone" && call.status === "open") await call.setMicrophone(await this.#microphone());
    }
    this.#changed();
  }

  /**
   * Says how available the user is.
   *
   * @param {{ availability: Availability, text: string }} own
   */
  async publish(own) {
    if (!this.#device) throw new Error("Register first.");
    await this.#device.presence.publish({ availability: own.availability, ...(own.text ? { text: own.text } : {}) });
    this.own = own;
    this.#say(`You are ${words(own.availability).toLowerCase()}.`);
  }

  /** @param {string[]} names */
  async colleagues(names) {
    this.keep({ colleagues: [...new Set(names)].slice(0, COLLEAGUES_MAX) });
    this.#changed();
    await this.#watch();
  }

  async #watch() {
    const device = this.#device;
    if (!device) return;
    this.#unwatch();
    this.#unwatch = () => {};
    const names = this.kept.colleagues;
    for (const name of [...this.presence.keys()]) if (!names.includes(name)) this.presence.delete(name);
    if (names.length === 0) return;
    this.#unwatch = await device.presence.watch(names, (presence) => {
      if (this.#device !== device) return;
      this.presence.set(presence.identity, presence);
      this.#changed();
    });
  }
}
