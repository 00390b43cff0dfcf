// A call: what its user does, what the node says of it, and the peer connection that carries its sound. Changes of the session go one
// after the other. Not here: the connection to the node (connection.js), and which calls there are (device.js).

import { Emitter, PatchcordError } from "./emitter.js";

/** How long candidates are gathered before a description is sent, in ms; a node finds the others by itself, and one that is lite all. */
const GATHER_MS = 500;
/** How long a lost path may come back by itself before ICE is restarted, in ms. */
const PATIENCE_MS = 1_000;
/** How long the answer to a change may take before it may be tried again, in ms. */
const ANSWER_MS = 40_000;

/**
 * @typedef {import("./device.js").Device} Device
 * @typedef {{ name: string, direction: "incoming" | "outgoing", from: string, fromName: string, params: Record<string, string>, offer: string | null }} Facts
 */

/** Emits `ringing`, `accepted`, `ended`, `reconnecting`, `reconnected`, `key`, `track`, `error`. */
export class Call extends Emitter {
  /** @type {any} */
  #device;
  /** @type {Facts} */
  #facts;
  /** @type {any} */
  #peer = null;
  /** @type {any} */
  #microphone = null;
  /** @type {any} */
  #sender = null;
  /** @type {any} */
  #loudspeaker = null;
  /** @type {"connecting" | "ringing" | "open" | "ended"} */
  #status;
  #isMuted = false;
  #isHeld = false;
  #isReconnecting = false;
  #isPlaced;
  /** What is done to the session, one after the other. */
  #changes = Promise.resolve();
  /** @type {((sdp: string | null) => void) | null} */
  #answered = null;
  /** @type {any} */
  #patience = null;

  /**
   * @param {any} device
   * @param {Facts} facts
   */
  constructor(device, facts) {
    super();
    this.#device = device;
    this.#facts = facts;
    this.#isPlaced = facts.direction === "incoming";
    this.#status = this.#isPlaced ? "ringing" : "connecting";
  }

  get id() {
    return this.#facts.name;
  }
  get direction() {
    return this.#facts.direction;
  }
  /** Who calls, as far as the node says so. */
  get from() {
    return this.#facts.from;
  }
  get fromName() {
    return this.#facts.fromName;
  }
  /** What the node's handler says of an incoming call, or what an outgoing one was placed with. */
  get params() {
    return this.#facts.params;
  }
  get status() {
    return this.#status;
  }
  /** Whether the node was told of it. */
  get isPlaced() {
    return this.#isPlaced;
  }
  get isMuted() {
    return this.#isMuted;
  }
  get isHeld() {
    return this.#isHeld;
  }
  /** The peer connection, for those who want to do more with it. Null before there is one. */
  get peerConnection() {
    return this.#peer;
  }

  /** Takes an incoming call. */
  async accept() {
    if (this.direction !== "incoming" || this.#status !== "ringing") throw wrongState("accept");
    this.#status = "connecting";
    try {
      await this.#begin();
      const sdp = this.#facts.offer === null ? await this.#offered() : await this.#answerTo(this.#facts.offer);
      if (this.#isOver()) return;
      this.#say({ type: "accept", sdp });
      this.#up();
    } catch (error) {
      this.reject();
      throw error;
    }
  }

  /** Does not take an incoming call; everywhere else it goes on ringing. */
  reject() {
    if (this.direction !== "incoming" || this.#isOver()) return;
    this.#say({ type: "reject" });
  }

  /** Ends the call, whatever it is about. */
  hangup() {
    if (!this.#isOver()) this.#say({ type: "hangup" });
  }

  /** @param {boolean} muted */
  mute(muted = true) {
    this.#isMuted = muted;
    this.#apply();
  }

  /**
   * Speaks with another microphone from now on; the one before is let go.
   *
   * @param {any} stream
   */
  async setMicrophone(stream) {
    const [track] = stream.getAudioTracks();
    if (this.#isOver() || !this.#sender) {
      for (const unused of stream.getTracks()) unused.stop();
      throw wrongState("change the microphone");
    }
    await this.#sender.replaceTrack(track);
    for (const before of this.#microphone?.getTracks?.() ?? []) before.stop();
    this.#microphone = stream;
    this.#apply();
  }

  /**
   * Presses keys: 0-9, *, #, A-D. They go with the sound where the browser can do that, else by the node.
   *
   * @param {string} keys
   */
  sendKeys(keys) {
    if (!/^[0-9*#A-D]{1,32}$/.test(keys)) throw new PatchcordError("bad-keys", "keys are 1 to 32 of 0-9, *, # and A-D");
    if (this.#status !== "open") throw wrongState("send keys");
    const tones = this.#sender?.dtmf;
    if (tones?.canInsertDTMF) tones.insertDTMF(tones.toneBuffer + keys);
    else this.#say({ type: "keys", keys });
  }

  async hold() {
    await this.#hold(true);
  }

  async unhold() {
    await this.#hold(false);
  }

  /** What the browser knows of the connection, as `RTCPeerConnection.getStats` gives it. */
  async getStats() {
    return this.#peer ? this.#peer.getStats() : new Map();
  }

  /** @param {boolean} held */
  async #hold(held) {
    if (this.#status !== "open") throw wrongState(held ? "hold" : "unhold");
    if (held === this.#isHeld) return;
    await this.#change(() => {
      for (const transceiver of this.#peer.getTransceivers?.() ?? []) transceiver.direction = held ? "sendonly" : "sendrecv";
      return this.#offered();
    });
    this.#isHeld = held;
    this.#apply();
  }

  /** A new path for the sound: the network has changed, or the old path is gone. */
  restart() {
    if (this.#status !== "open" || !this.#peer) return;
    if (!this.#isReconnecting) {
      this.#isReconnecting = true;
      this.emit("reconnecting");
    }
    this.#change(() => {
      // What the relays know us by may have changed since the call began.
      this.#peer.setConfiguration?.({ ...this.#device.settings.rtc });
      return this.#offered({ iceRestart: true });
    })
      // A path that was never lost is not found again: there is no change of state to hear of.
      .then(() => this.#found(this.#peer.iceConnectionState))
      .catch((error) => this.emit("error", error));
  }

  /** The call is placed. */
  async place(/** @type {string | undefined} */ to) {
    await this.#begin();
    const sdp = await this.#offered();
    if (this.#isOver()) return;
    this.#isPlaced = true;
    this.#say({ type: "call", params: this.params, sdp, ...(to === undefined ? {} : { to }) });
  }

  /**
   * What the node says of it.
   *
   * @param {import("./connection.js").Message} message
   */
  handle(message) {
    const { sdp } = message;
    switch (message.type) {
      case "ringing":
        this.#status = "ringing";
        return this.emit("ringing");
      case "answered":
        if (sdp) this.#remote("answer", sdp);
        return this.#up();
      case "description":
        return void this.#remote("answer", sdp);
      case "answer":
        return this.#answered?.(sdp);
      case "offer":
        return this.#wanted(sdp ?? null);
      case "key":
        return this.emit("key", message["key"]);
      case "ended":
        return this.end(message["reason"], message["status"]);
      case "error":
        if (message["code"] === "offer-refused" && this.#answered) return this.#answered(null);
        this.emit("error", new PatchcordError(message["code"], message["message"]));
        // A call that was never placed does not end either.
        if (this.#status === "connecting" && this.direction === "outgoing") this.end("refused", undefined);
        return;
      default:
    }
  }

  /**
   * @param {string} reason
   * @param {number | undefined} status
   */
  end(reason, status) {
    if (this.#isOver()) return;
    this.#status = "ended";
    clearTimeout(this.#patience);
    this.#answered?.(null);
    for (const track of this.#microphone?.getTracks?.() ?? []) track.stop();
    if (this.#loudspeaker) this.#loudspeaker.srcObject = null;
    this.#peer?.close();
    this.#device.forget(this);
    this.emit("ended", { reason, status });
  }

  #isOver() {
    return this.#status === "ended";
  }

  /** @param {import("./connection.js").Message} message */
  #say(message) {
    this.#device.say({ ...message, call: this.id });
  }

  #up() {
    if (this.#status === "open" || this.#isOver()) return;
    this.#status = "open";
    this.emit("accepted");
  }

  /** A peer connection with the microphone on it. */
  async #begin() {
    const { peerConnection: Peer, getMicrophone, rtc } = this.#device.settings;
    if (!Peer) throw new PatchcordError("no-media", "there is no RTCPeerConnection here: give one in the options");
    this.#microphone = await getMicrophone();
    const peer = new Peer({ ...rtc });
    this.#peer = peer;
    for (const track of this.#microphone?.getAudioTracks?.() ?? []) {
      this.#sender = peer.addTrack(track, this.#microphone);
    }
    peer.ontrack = (/** @type {any} */ event) => this.#heard(event.streams[0]);
    peer.oniceconnectionstatechange = () => this.#moved(peer.iceConnectionState);
    this.#apply();
  }

  /** @param {any} stream */
  #heard(stream) {
    const { Loudspeaker } = this.#device.settings;
    if (Loudspeaker && stream) {
      this.#loudspeaker ??= new Loudspeaker();
      this.#loudspeaker.autoplay = true;
      this.#loudspeaker.srcObject = stream;
    }
    this.emit("track", stream);
  }

  /** @param {string} state */
  #moved(state) {
    clearTimeout(this.#patience);
    this.#found(state);
    if (state === "failed") {
      this.restart();
    } else if (state === "disconnected") {
      // The network may be gone, and the way to the node with it.
      this.#device.look();
      this.#patience = setTimeout(() => this.restart(), PATIENCE_MS);
    }
  }

  /** @param {string} state */
  #found(state) {
    if (!this.#isReconnecting || (state !== "connected" && state !== "completed")) return;
    this.#isReconnecting = false;
    this.emit("reconnected");
  }

  /** Nothing of the microphone is sent while it is muted or the call is held. */
  #apply() {
    for (const track of this.#microphone?.getAudioTracks?.() ?? []) track.enabled = !(this.#isMuted || this.#isHeld);
  }

  /** @param {{ iceRestart?: boolean }} options */
  async #offered(options = {}) {
    await this.#peer.setLocalDescription(await this.#peer.createOffer(options));
    return this.#gathered();
  }

  /** @param {string} offer */
  async #answerTo(offer) {
    await this.#peer.setRemoteDescription({ type: "offer", sdp: offer });
    await this.#peer.setLocalDescription(await this.#peer.createAnswer());
    return this.#gathered();
  }

  /** Our description, once there are candidates in it or for a moment. */
  async #gathered() {
    const peer = this.#peer;
    if (peer.iceGatheringState !== "complete" && !this.#device.settings.isLite) {
      await new Promise((/** @type {(value?: any) => void} */ done) => {
        const late = setTimeout(done, GATHER_MS);
        peer.onicegatheringstatechange = () => {
          if (peer.iceGatheringState !== "complete") return;
          clearTimeout(late);
          done();
        };
      });
    }
    return peer.localDescription.sdp;
  }

  /**
   * @param {"answer" | "offer"} type
   * @param {string} sdp
   */
  #remote(type, sdp) {
    return this.#peer?.setRemoteDescription({ type, sdp }).catch((/** @type {unknown} */ error) => {
      this.emit("error", error);
      this.hangup();
    });
  }

  /**
   * Changes the session: our offer, the answer to it.
   *
   * @param {() => Promise<string>} offer
   */
  #change(offer) {
    const change = this.#changes.then(async () => {
      if (this.#isOver()) return;
      const sdp = await offer();
      if (this.#isOver()) return;
      const answer = new Promise((/** @type {(sdp: string | null) => void} */ done) => {
        this.#answered = done;
      });
      const late = setTimeout(() => this.#answered?.(null), ANSWER_MS);
      this.#say({ type: "offer", sdp });
      const answered = await answer;
      clearTimeout(late);
      this.#answered = null;
      if (this.#isOver()) return;
      if (answered === null) {
        await this.#peer.setLocalDescription({ type: "rollback" });
        throw new PatchcordError("offer-refused", "the other side refused the change");
      }
      await this.#peer.setRemoteDescription({ type: "answer", sdp: answered });
    });
    // The next one is made whatever became of this one.
    this.#changes = change.catch(() => {});
    return change;
  }

  /**
   * The other side changes the session; without a description it asks for ours.
   *
   * @param {string | null} offer
   */
  #wanted(offer) {
    this.#changes = this.#changes.then(async () => {
      try {
        const sdp = offer === null ? await this.#offered() : await this.#answerTo(offer);
        if (!this.#isOver()) this.#say({ type: "answer", sdp });
      } catch (error) {
        if (!this.#isOver()) this.#say({ type: "decline" });
        this.emit("error", error);
      }
    });
  }
}

/** @param {string} what */
function wrongState(what) {
  return new PatchcordError("wrong-state", `this call is in no state to ${what}`);
}
