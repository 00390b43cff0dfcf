// The types of everything that a page or an app uses. Codes of errors are in docs/client-protocol.md.

/** What went wrong. */
export class PatchcordError extends Error {
  constructor(code: string, message: string);
  readonly code: string;
}

export interface DeviceOptions {
  /** The node's door for WebSockets and the path of the gateway: `wss://pbx.example.com:7443/client`. */
  url: string;
  /** Names this device: the same name again takes the place of its last registration. A new one each time without it. */
  instance?: string;
  /** In place of those that the node names. */
  iceServers?: RTCIceServer[];
  /** `relay` sends all sound through a relay. */
  iceTransportPolicy?: "all" | "relay";
  /** What is asked of the microphone. */
  audio?: boolean | MediaTrackConstraints;
  /** In place of the browser's own: for Node, and for tests. */
  webSocket?: unknown;
  peerConnection?: unknown;
  getMicrophone?: () => Promise<MediaStream | null>;
  /** What plays the other side: a class like `Audio`, or null to play it yourself on the event `track`. */
  loudspeaker?: unknown;
}

export interface ConnectOptions {
  /** What the handler is told, in headers `X-<name>`. At most 16. */
  params?: Record<string, string>;
  /** A number or a name, where the token allows to dial. */
  to?: string;
}

export interface DeviceEvents {
  registered: () => void;
  /** `asked`, `token-expired`, `refused`, or the code of an error. */
  unregistered: (reason: string) => void;
  incoming: (call: Call) => void;
  /** Ten seconds before the end of the token: get a new one and give it to `updateToken`. */
  tokenWillExpire: (inMs: number) => void;
  /** The connection to the node is lost; calls go on meanwhile. */
  reconnecting: () => void;
  /** It is there again; whether the old session goes on. */
  reconnected: (resumed: boolean) => void;
  error: (error: PatchcordError) => void;
  destroyed: () => void;
}

export class Device {
  constructor(token: string, options: DeviceOptions);
  readonly calls: Call[];
  readonly isRegistered: boolean;
  readonly isConnected: boolean;
  readonly presence: Presence;
  register(): Promise<void>;
  unregister(): Promise<void>;
  connect(options?: ConnectOptions): Promise<Call>;
  updateToken(token: string): Promise<void>;
  destroy(): void;
  on<E extends keyof DeviceEvents>(event: E, listener: DeviceEvents[E]): this;
  once<E extends keyof DeviceEvents>(event: E, listener: DeviceEvents[E]): this;
  off<E extends keyof DeviceEvents>(event: E, listener: DeviceEvents[E]): this;
}

export interface CallEnd {
  /** `remote`, `local`, `busy`, `declined`, `cancelled`, `no-answer`, `not-found`, `forbidden`, `unavailable`, `refused`, `replaced`,
   * `lost` or `failed`. */
  reason: string;
  /** The SIP status behind it, if there is one. */
  status: number | undefined;
}

export interface CallEvents {
  ringing: () => void;
  accepted: () => void;
  ended: (end: CallEnd) => void;
  /** The path of the sound is lost and another is looked for. */
  reconnecting: () => void;
  reconnected: () => void;
  /** The other side pressed a key. */
  key: (key: string) => void;
  track: (stream: MediaStream | undefined) => void;
  error: (error: Error) => void;
}

export class Call {
  private constructor();
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  readonly from: string;
  readonly fromName: string;
  readonly params: Record<string, string>;
  readonly status: "connecting" | "ringing" | "open" | "ended";
  readonly isMuted: boolean;
  readonly isHeld: boolean;
  readonly peerConnection: RTCPeerConnection | null;
  accept(): Promise<void>;
  reject(): void;
  hangup(): void;
  mute(muted?: boolean): void;
  /** Speaks with another microphone from now on; the one before is let go. */
  setMicrophone(stream: MediaStream): Promise<void>;
  sendKeys(keys: string): void;
  hold(): Promise<void>;
  unhold(): Promise<void>;
  /** Looks for a new path for the sound; done by itself when one is lost. */
  restart(): void;
  getStats(): Promise<RTCStatsReport>;
  on<E extends keyof CallEvents>(event: E, listener: CallEvents[E]): this;
  once<E extends keyof CallEvents>(event: E, listener: CallEvents[E]): this;
  off<E extends keyof CallEvents>(event: E, listener: CallEvents[E]): this;
}

export interface Status {
  availability: "available" | "busy" | "do-not-disturb" | "unavailable";
  reason?: string;
  /** Free text. */
  text?: string;
}

export interface IdentityPresence extends Status {
  identity: string;
}

export interface Presence {
  /** Says how available the user is at this device. */
  publish(status: Status): Promise<void>;
  /** Calls back at once and on each change; gives what ends that. */
  watch(identities: string[], callback: (presence: IdentityPresence) => void): Promise<() => void>;
}
