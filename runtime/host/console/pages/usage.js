// Usage: what the tenant has used, by day, for each thing that is counted.

import { Problem, isAborted, sentence } from "../api.js";
import { empty, fill, h, svg } from "../dom.js";
import { used, words } from "../format.js";
import { fault, pageHead } from "../shell.js";

const HEIGHT = 80;

/** @param {Date} month */
function days(month) {
  const [year, place] = [month.getUTCFullYear(), month.getUTCMonth()];
  const iso = (/** @type {number} */ number) => new Date(Date.UTC(year, place, number)).toISOString().slice(0, 10);
  const count = new Date(Date.UTC(year, place + 1, 0)).getUTCDate();
  return { all: Array.from({ length: count }, (_, day) => iso(day + 1)), before: iso(count + 1) };
}

/** @param {import("../main.js").Context} context */
export async function usagePage({ api, main, signal }) {
  const thisMonth = new Date().toISOString().slice(0, 7);
  const month = h("input", { type: "month", value: thisMonth, max: thisMonth, "aria-label": "Month", "data-filter": true });
  const place = h("div", { class: "usage" });
  fill(main, pageHead("Usage", month), place);

  async function load() {
    const { all, before } = days(new Date(`${month.value || thisMonth}-01T00:00:00Z`));
    try {
      /** @type {{ usage: import("../types.js").UsageEntry[] }} */
      const { usage } = await api.get(`/v1/usage?from=${all[0]}&before=${before}`, signal);
      const metrics = [...new Set(usage.map((entry) => entry.metric))].sort();
      if (metrics.length === 0) fill(place, empty("Nothing used in this month", "Calls, seconds and whatever else is counted appears here."));
      else fill(place, metrics.map((metric) => card(metric, usage.filter((entry) => entry.metric === metric), all)));
    } catch (error) {
      if (isAborted(error)) return;
      if (error instanceof Problem && error.status === 404) fill(place, empty("Usage is not counted here", "This server has no database."));
      else fault(place, sentence(error), load);
    }
  }
  month.addEventListener("change", load);
  await load();
}

/**
 * @param {string} metric
 * @param {import("../types.js").UsageEntry[]} entries
 * @param {string[]} days
 */
function card(metric, entries, days) {
  const of = new Map(entries.map((entry) => [entry.day, entry.amount]));
  const most = Math.max(1, ...of.values());
  const total = entries.reduce((sum, entry) => sum + entry.amount, 0);
  const bars = days.map((day, place) => {
    const height = ((of.get(day) ?? 0) / most) * (HEIGHT - 2);
    return svg("rect", { x: place * 10 + 1, y: HEIGHT - Math.max(height, 1), width: 8, height: Math.max(height, 1), class: of.get(day) ? "bar" : "none" }, svg("title", {}, `${day}: ${used(metric, of.get(day) ?? 0)}`));
  });
  return h(
    "section",
    { class: "panel metric" },
    h("h2", {}, words(metric)),
    h("p", { class: "total" }, used(metric, total)),
    svg("svg", { viewBox: `0 0 ${days.length * 10} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${words(metric)} by day` }, bars),
    h("p", { class: "dim small axis" }, h("span", {}, days[0]?.slice(8) ?? ""), h("span", {}, days.at(-1)?.slice(8) ?? "")),
  );
}
