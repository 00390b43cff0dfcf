// One call: where it stands and what can be done with it, its ladder, its log, how it sounds, and its recordings.

import { Problem, isAborted, sentence, wait } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { clock, dateAndTime, duration, isLive, party, words } from "../format.js";
import { ladder } from "../parts/ladder.js";
import { logView } from "../parts/log.js";
import { drawQuality } from "../parts/quality.js";
import { recordingCard } from "../parts/waveform.js";
import { ask, fault, field, notify, pageHead } from "../shell.js";
import { status } from "./calls.js";

/** What has no event is looked at so often while the call goes on. */
const LOOK_MS = 2_000;
/** Changes that come at once are fetched at once. */
const GATHER_MS = 80;

/** @param {import("../main.js").Context} context */
export async function callPage(context) {
  const { api, main, signal, steps, may, go } = context;
  const path = `/v1/calls/${encodeURIComponent(steps[0] ?? "")}`;
  const back = h("a", { class: "back", href: "#/calls" }, "Calls");
  fill(main, back, h("div", { class: "loading" }, "…"));
  /** @type {import("../types.js").Call} */
  let call;
  try {
    call = await api.get(path, signal);
  } catch (error) {
    if (isAborted(error)) return;
    if (error instanceof Problem && error.status === 404) {
      fill(main, back, h("div", { class: "empty" }, h("h1", { tabindex: -1 }, "There is no such call"), h("p", {}, "It may be older than what is kept, or of another tenant.")));
      return;
    }
    fill(main, back);
    fault(main, sentence(error), () => callPage(context));
    return;
  }
  const head = h("div", {});
  const facts = h("div", { class: "facts" });
  const trouble = h("div", {});
  const legs = h("div", { class: "legs" });
  const [lines, log] = [ladder(), logView()];
  const ladderPlace = h("div", {}, lines.element);
  const quality = h("div", {});
  const recordings = h("div", { class: "recordings" });
  fill(
    main, back, head, facts, trouble, legs,
    h("div", { class: "columns" },
      h("section", { class: "panel wide", "aria-labelledby": "ladder" }, h("h2", { id: "ladder" }, "Signalling and turns"), ladderPlace),
      h("div", { class: "stack" },
        h("section", { class: "panel", "aria-labelledby": "recordings" }, h("h2", { id: "recordings" }, "Recordings"), recordings),
        h("section", { class: "panel", "aria-labelledby": "quality" }, h("h2", { id: "quality" }, "Sound quality"), quality),
        h("section", { class: "panel", "aria-labelledby": "log" }, h("h2", { id: "log" }, "Log"), log.element),
      ),
    ),
  );
  const length = h("b", { class: "length" });

  function drawHead() {
    const live = isLive(call);
    const buttons = [];
    if (live && may("write")) {
      buttons.push(h("button", { onclick: redirect }, "Redirect"), h("button", { class: "danger", onclick: end }, "End call"));
    }
    buttons.push(h("button", { onclick: journal }, "Journal"));
    fill(head, pageHead(h("span", { class: "parties" }, status(call), party(call.from), h("span", { class: "to" }, "→"), party(call.to)), ...buttons));
    document.title = `${party(call.from)} → ${party(call.to)} · Patchcord`;
    length.textContent = duration(call);
    const fact = (/** @type {string} */ name, /** @type {import("../dom.js").Child[]} */ ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    const other = (/** @type {string | undefined} */ id) => (id ? h("a", { href: `#/calls/${id}` }, id.slice(0, 11)) : null);
    fill(
      facts,
      h("dl", {},
        fact("Status", words(call.status)),
        fact("Length", length),
        fact("Began", h("time", { datetime: call.started_at, title: dateAndTime(call.started_at) }, clock(call.started_at)), h("span", { class: "dim" }, ` ${call.began}`)),
        fact("Handler", h("a", { href: `#/handlers/${encodeURIComponent(call.handler)}` }, call.handler)),
        live ? fact("Doing", h("code", {}, call.doing?.on ?? words(call.doing?.state ?? ""))) : fact("Turns", call.turns),
        call.continues ? fact("Continues", other(call.continues)) : null,
        call.continued_as ? fact("Goes on as", other(call.continued_as)) : null,
        fact("Id", h("code", { class: "id" }, call.id)),
      ),
    );
    fill(
      trouble,
      call.fault ? h("p", { class: "banner bad" }, h("b", {}, `The handler failed: ${words(call.fault.kind)}. `), call.fault.text) : null,
      call.refusal ? h("p", { class: "banner bad" }, h("b", {}, "Not connected. "), call.refusal) : null,
    );
    fill(legs, call.legs.map(leg));
  }

  let drawn = "";
  function drawRecordings() {
    const now = JSON.stringify(call.recordings);
    if (now === drawn) return;
    drawn = now;
    if (call.recordings.length === 0) fill(recordings, empty("No recordings", isLive(call) ? "Those that are made are listed while they run, and once the call is over." : "Nothing of this call was kept."));
    else fill(recordings, call.recordings.map((recording) => recordingCard(context, recording, refresh)));
  }

  async function end() {
    const sure = await ask({ title: "End the call?", text: "All its legs are hung up.", verb: "End call", danger: true });
    if (sure) await done(api.change("POST", `${path}/end`), "The call is ended.");
  }

  async function redirect() {
    const handler = h("input", { name: "handler", required: true, list: "handlers", autocomplete: "off" });
    const known = h("datalist", { id: "handlers" });
    api.get("/v1/handlers", signal).then(
      (/** @type {any} */ list) => fill(known, list.handlers.map((/** @type {import("../types.js").Handler} */ one) => h("option", { value: one.name }))),
      () => {},
    );
    const answer = await ask({
      title: "Redirect the caller", text: "Another handler takes the call over; this one is told to stop.", verb: "Redirect",
      fields: [field("Handler", handler), known, field("Text for it", h("input", { name: "text" }), "Optional; the handler reads it.")],
    });
    if (!answer) return;
    const text = String(answer.get("text"));
    const moved = await done(api.change("POST", `${path}/redirect`, { handler: answer.get("handler"), ...(text ? { text } : {}) }), "The caller is with another handler.");
    if (moved) go(`calls/${moved.call}`);
  }

  async function journal() {
    const bytes = await done(api.blob(`${path}/journal`, signal));
    if (!bytes) return;
    const url = URL.createObjectURL(bytes);
    h("a", { href: url, download: `${call.id}.journal` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async function done(/** @type {Promise<any>} */ change, /** @type {string} */ said = "") {
    try {
      const answer = await change;
      if (said) notify(said);
      refresh();
      return answer;
    } catch (error) {
      if (!isAborted(error)) notify(sentence(error), "bad");
      return undefined;
    }
  }

  async function look() {
    const get = (/** @type {string} */ what) => api.get(`${path}/${what}`, signal);
    const [trace, heard] = await Promise.allSettled([get("trace"), get("quality")]);
    if (signal.aborted) return;
    if (trace.status === "fulfilled") {
      if (!lines.element.isConnected) fill(ladderPlace, lines.element);
      lines.show(/** @type {any} */ (trace.value), call);
    } else {
      fill(ladderPlace, empty("No trace", sentence(trace.reason)));
    }
    if (heard.status === "fulfilled") drawQuality(quality, /** @type {any} */ (heard.value));
    else fill(quality, empty("Not known", sentence(heard.reason)));
  }

  async function refresh() {
    try {
      call = await api.get(path, signal);
      drawHead();
      drawRecordings();
      await look();
    } catch (error) {
      if (!isAborted(error)) notify(sentence(error), "bad");
    }
  }

  let gathering = false;
  async function changed() {
    if (gathering) return;
    gathering = true;
    await wait(GATHER_MS, signal);
    gathering = false;
    if (!signal.aborted) await refresh();
  }

  drawHead();
  drawRecordings();
  /** Lines that came while those from before were fetched are in both. */
  let fetched = false;
  const whole = new AbortController();
  signal.addEventListener("abort", () => whole.abort());
  const fetchLog = async () => {
    try {
      log.show(await api.get(`${path}/log`, signal));
      fetched = true;
    } catch (error) {
      if (!isAborted(error)) fill(log.element, h("li", {}, empty("No log", sentence(error))));
    }
  };
  if (!isLive(call)) {
    await Promise.all([look(), fetchLog()]);
    return;
  }
  api.stream(`/v1/logs?call=${call.id}`, whole.signal, {
    open: fetchLog,
    event: (kind, line) => (kind === "log" && fetched ? log.add(line) : fetchLog()),
  });
  api.stream("/v1/events", whole.signal, { event: (_, event) => event.call_id === call.id && changed() });
  const tick = setInterval(() => {
    if (isLive(call)) length.textContent = duration(call);
  }, 1_000);
  signal.addEventListener("abort", () => clearInterval(tick));
  (async () => {
    while (isLive(call) && !signal.aborted) {
      await wait(LOOK_MS, signal);
      if (!document.hidden && !signal.aborted) await refresh();
    }
    whole.abort();
    clearInterval(tick);
    if (!signal.aborted) await fetchLog();
  })();
  await look();
}

/** @param {import("../types.js").Leg} leg */
function leg(leg) {
  const marks = [leg.held ? "on hold" : "", leg.muted ? "muted" : "", leg.in_room ? "in a room" : "", leg.bridged_with === undefined ? "" : `with leg ${leg.bridged_with}`];
  const state = leg.state === "ended" ? `${words(leg.ended_by ?? "ended")}${leg.sip_status ? ` (${leg.sip_status})` : ""}` : words(leg.state);
  return h(
    "div",
    { class: "leg" },
    h("b", {}, `Leg ${leg.leg}`),
    h("span", { class: "dim" }, leg.direction === "inbound" ? "in" : "out"),
    h("span", {}, party(leg.direction === "inbound" ? leg.from : leg.to)),
    h("span", { class: "dim" }, [state, ...marks].filter(Boolean).join(" · ")),
  );
}
