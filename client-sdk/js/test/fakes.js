// Pretend peer connections and sockets, for tests without a browser and without a node.

/** A peer connection that writes plain descriptions: G.711 to a port where nobody is. */
export class FakePeer {
  iceGatheringState = "complete";
  iceConnectionState = "new";
  localDescription = null;
  remoteDescription = null;
  restarts = 0;
  isClosed = false;
  #version = 1;
  #transceivers = [{ direction: "sendrecv" }];

  constructor(configuration) {
    this.configuration = configuration;
  }
  setConfiguration(configuration) {
    this.configuration = configuration;
  }

  addTrack(track) {
    this.sent = track;
    return { dtmf: null, replaceTrack: async (other) => void (this.sent = other) };
  }
  getTransceivers() {
    return this.#transceivers;
  }
  async createOffer({ iceRestart = false } = {}) {
    if (iceRestart) this.restarts += 1;
    return { type: "offer", sdp: this.#sdp() };
  }
  async createAnswer() {
    if (!this.remoteDescription) throw new Error("there is no offer");
    return { type: "answer", sdp: this.#sdp() };
  }
  async setLocalDescription(description) {
    if (description.type !== "rollback") this.localDescription = description;
  }
  async setRemoteDescription(description) {
    if (!/^v=0/.test(description.sdp)) throw new Error("this is no description");
    this.remoteDescription = description;
  }
  async getStats() {
    return new Map([["ours", { type: "fake" }]]);
  }
  close() {
    this.isClosed = true;
  }
  /** The path changes. */
  move(state) {
    this.iceConnectionState = state;
    this.oniceconnectionstatechange?.();
  }
  #sdp() {
    const direction = this.#transceivers[0].direction;
    this.#version += 1;
    return [
      "v=0",
      `o=- 1 ${this.#version} IN IP4 127.0.0.1`,
      "s=-",
      "c=IN IP4 127.0.0.1",
      "t=0 0",
      "m=audio 9 RTP/AVP 0 101",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:101 telephone-event/8000",
      `a=${direction}`,
      "",
    ].join("\r\n");
  }
}

/** A microphone with one track. */
export async function microphone() {
  const track = { enabled: true, isStopped: false, stop: () => (track.isStopped = true) };
  return { getTracks: () => [track], getAudioTracks: () => [track] };
}

/** A socket whose other end is the test. */
export class FakeSocket {
  /** @type {FakeSocket[]} */
  static all = [];
  static get last() {
    return FakeSocket.all.at(-1);
  }
  sent = [];
  isClosed = false;
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.isClosed = true;
  }
  /** The node takes the connection. */
  open() {
    this.onopen?.();
  }
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  welcome(more = {}) {
    this.open();
    this.say({ type: "welcome", version: 1, resume: "secret", resumed: false, received: 0, ...more });
  }
  lose(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
  /** What was said of one kind. */
  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}
