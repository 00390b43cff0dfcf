// Times, lengths and names as a person reads them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** @param {string | undefined} at */
export function clock(at) {
  if (!at) return "";
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** @param {string | undefined} at */
export function dateAndTime(at) {
  if (!at) return "";
  return new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hour12: false });
}

/**
 * The time of today, or the day of another.
 * @param {string} at
 * @param {number} [now]
 */
export function when(at, now = Date.now()) {
  const time = new Date(at);
  if (new Date(now).toDateString() === time.toDateString()) return clock(at);
  return time.toLocaleDateString([], { day: "numeric", month: "short" }) + " " + clock(at).slice(0, 5);
}

/** @param {number} ms */
export function length(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** @param {number | undefined} bytes */
export function size(bytes) {
  if (bytes === undefined) return "";
  let [amount, unit] = [bytes, 0];
  for (; amount >= 1024 && unit < UNITS.length - 1; unit += 1) amount /= 1024;
  return `${amount.toFixed(unit > 0 && amount < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** @param {number} amount */
export function amount(amount) {
  return amount.toLocaleString([], { maximumFractionDigits: 2 });
}

/**
 * How much was used of something that is counted.
 * @param {string} metric such as `recording_bytes`
 * @param {number} used
 */
export function used(metric, used) {
  if (metric.endsWith("bytes")) return size(used);
  return metric.endsWith("seconds") ? length(1000 * used) : amount(used);
}

/** Where a handler or a route comes from. @param {string | undefined} source */
export function origin(source) {
  return source === "file" ? "Configuration" : "Deployed";
}

/**
 * The beginning of an id, enough to tell those on a page apart.
 * @param {string} id
 */
export function short(id) {
  const [kind, digits] = id.split("_");
  return digits ? `${kind}_${digits.slice(0, 6)}` : id.slice(0, 10);
}

/** @param {string} word such as `in-progress` */
export function words(word) {
  const text = word.replaceAll("-", " ").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} party */
export function party(party) {
  return party || "unknown";
}

/**
 * How long a call lasts or lasted.
 * @param {import("./types.js").Call} call
 * @param {number} [now]
 */
export function duration(call, now = Date.now()) {
  return length(call.duration_ms ?? now - Date.parse(call.started_at));
}

/** @param {import("./types.js").Call} call */
export function isLive(call) {
  return !call.ended_at;
}
