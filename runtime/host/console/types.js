// The API's resources as the console uses them; the whole of them is in /v1/openapi.json. Types only.

/**
 * @typedef {{ key: string, tenant: string, scopes: string[] }} Me
 *
 * @typedef {object} Leg
 * @property {number} leg
 * @property {"inbound" | "outbound"} direction
 * @property {string} from
 * @property {string} to
 * @property {"offered" | "ringing" | "answered" | "ended"} state
 * @property {string} [answered_at]
 * @property {string} [ended_at]
 * @property {string} [ended_by]
 * @property {number} [sip_status]
 * @property {boolean} held
 * @property {boolean} muted
 * @property {number} [bridged_with]
 * @property {boolean} in_room
 *
 * @typedef {object} Recording
 * @property {string} id
 * @property {number} number
 * @property {number[]} legs
 * @property {string} started_at
 * @property {"running" | "paused" | "completed" | "failed"} state
 * @property {number} [duration_ms]
 * @property {number} [bytes]
 *
 * @typedef {object} Call
 * @property {string} id
 * @property {string} status
 * @property {"inbound" | "outbound" | null} direction
 * @property {string} from
 * @property {string} to
 * @property {string} handler
 * @property {string} module
 * @property {string} began
 * @property {string} [continues]
 * @property {string} [continued_as]
 * @property {string} started_at
 * @property {string} [ended_at]
 * @property {number} [duration_ms]
 * @property {string} [refusal]
 * @property {{ state: string, on?: string }} [doing]
 * @property {{ kind: string, text: string }} [fault]
 * @property {number} turns
 * @property {Leg[]} legs
 * @property {Recording[]} recordings
 *
 * @typedef {object} MessageEntry
 * @property {"message"} what
 * @property {string} at
 * @property {number} [leg]
 * @property {"received" | "sent"} direction
 * @property {string} transport
 * @property {string} label
 * @property {string} first_line
 * @property {string} text
 * @property {boolean} again
 *
 * @typedef {{ what: "turn", at: string, leg?: number, ask: string, answer: string, waited_ms: number }} TurnEntry
 * @typedef {{ what: "note", at: string, leg?: number, text: string }} NoteEntry
 * @typedef {MessageEntry | TurnEntry | NoteEntry} TraceEntry
 * @typedef {{ call: string, left_out: number, entries: TraceEntry[] }} Trace
 *
 * @typedef {{ at: string, call: string, handler: string, level: "debug" | "info" | "warn" | "error", text: string }} LogLine
 * @typedef {{ lines: LogLine[], left_out: number }} CallLog
 *
 * @typedef {{ lost_percent: number, jitter_ms: number, mos?: number }} Sound
 * @typedef {{ at: string, received: Sound, sent: Sound, round_trip_ms?: number }} QualitySample
 * @typedef {{ legs: { leg: number, samples: QualitySample[] }[] }} Quality
 *
 * @typedef {{ version: number, percent: number, previous?: number, taken_out?: boolean }} Rollout
 * @typedef {{ name: string, newest_version?: number, source?: string, module?: string, created_at?: string, rollout?: Rollout }} Handler
 *
 * @typedef {object} Version
 * @property {number} version
 * @property {string} module
 * @property {string} [note]
 * @property {string[]} granted
 * @property {string[]} held
 * @property {string} [created_by]
 * @property {string} [created_at]
 *
 * @typedef {{ handler: string, on: string[] }} Fallback
 * @typedef {{ to: string, handler: string, fallbacks?: Fallback[], source?: string }} Route
 * @typedef {{ number: string, handler?: string | null }} PhoneNumber
 * @typedef {{ day: string, metric: string, amount: number }} UsageEntry
 *
 * @typedef {{ transport: "ws" | "wss", port: number, path: string }} ClientDoor
 * @typedef {{ doors: ClientDoor[], media_port?: number }} ClientDoors
 * @typedef {{ token: string, identity: string, expires_at: string }} Token
 */

export {};
