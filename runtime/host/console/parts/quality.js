// How the legs of a call sound: the latest numbers, and the score over time.

import { empty, fill, h, svg } from "../dom.js";

const WIDTH = 320;
const HEIGHT = 72;
/** The scale of the score. */
const LOWEST = 1;
const HIGHEST = 4.5;

/**
 * @param {Element} place
 * @param {import("../types.js").Quality} quality
 */
export function drawQuality(place, quality) {
  const measured = quality.legs.filter((leg) => leg.samples.length > 0);
  if (measured.length === 0) {
    fill(place, empty("Not measured yet", "Legs are measured about every five seconds, and at their end."));
    return;
  }
  fill(place, measured.map(legQuality));
}

/** @param {import("../types.js").Quality["legs"][number]} leg */
function legQuality({ leg, samples }) {
  const last = /** @type {import("../types.js").QualitySample} */ (samples.at(-1));
  return h(
    "section",
    { class: "leg-quality" },
    h("h3", {}, `Leg ${leg}`),
    samples.length > 1 ? chart(samples) : null,
    h(
      "table",
      { class: "numbers" },
      h("thead", {}, h("tr", {}, ["", "Score", "Lost", "Jitter"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, line("Received", "received", last.received), line("Sent", "sent", last.sent)),
    ),
    h("p", { class: "dim small" }, last.round_trip_ms === undefined ? "Round trip not known yet" : `Round trip ${last.round_trip_ms} ms`),
  );
}

/**
 * @param {string} name
 * @param {string} kind
 * @param {import("../types.js").Sound} sound
 */
function line(name, kind, sound) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("i", { class: `swatch ${kind}`, "aria-hidden": "true" }), name),
    h("td", { class: grade(sound.mos) }, sound.mos === undefined ? "–" : sound.mos.toFixed(1)),
    h("td", {}, `${sound.lost_percent.toFixed(1)} %`),
    h("td", {}, `${sound.jitter_ms.toFixed(1)} ms`),
  );
}

/** @param {number | undefined} mos */
function grade(mos) {
  if (mos === undefined) return "";
  if (mos >= 4) return "good-text";
  return mos >= 3.2 ? "soon-text" : "bad-text";
}

/** @param {import("../types.js").QualitySample[]} samples */
function chart(samples) {
  const first = Date.parse(samples[0]?.at ?? "");
  const span = Math.max(1, Date.parse(samples.at(-1)?.at ?? "") - first);
  const y = (/** @type {number} */ mos) => HEIGHT - 4 - ((mos - LOWEST) / (HIGHEST - LOWEST)) * (HEIGHT - 8);
  const points = (/** @type {"received" | "sent"} */ way) =>
    samples
      .filter((sample) => sample[way].mos !== undefined)
      .map((sample) => `${(((Date.parse(sample.at) - first) / span) * WIDTH).toFixed(1)},${y(sample[way].mos ?? LOWEST).toFixed(1)}`)
      .join(" ");
  const guides = [2, 3, 4].map((mos) => svg("line", { class: "guide", x1: 0, x2: WIDTH, y1: y(mos), y2: y(mos) }));
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": "Score over time" },
    guides,
    svg("polyline", { class: "sent", points: points("sent") }),
    svg("polyline", { class: "received", points: points("received") }),
  );
}
