// What a handler logged, with new lines as they come.

import { empty, fill, h } from "../dom.js";
import { clock } from "../format.js";

/** Lines that are shown; the oldest make room. */
const SHOWN = 1_000;

export function logView() {
  const list = h("ol", { class: "log" });
  let left = 0;

  /** @param {import("../types.js").LogLine} line */
  function add(line) {
    const followed = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    if (list.querySelector(".empty")) fill(list);
    list.append(
      h("li", { class: line.level }, h("time", { datetime: line.at }, clock(line.at)), h("span", { class: "level" }, line.level), h("span", { class: "text" }, line.text)),
    );
    if (list.childElementCount > SHOWN) list.firstElementChild?.remove();
    if (followed) list.scrollTop = list.scrollHeight;
  }

  /** @param {import("../types.js").CallLog} log */
  function show(log) {
    left = log.left_out;
    fill(list);
    log.lines.forEach(add);
    if (log.lines.length === 0) fill(list, h("li", { class: "quiet-line" }, empty("Nothing logged", "Lines that the handler logs appear here as it does.")));
    if (left > 0) list.append(h("li", { class: "dim" }, `${left} lines had no room.`));
  }

  return { element: list, add, show };
}
