// The telephone: who one is here, what is dialled, the calls, how one is and how colleagues are, and what is spoken and heard with.

import { sentence } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { length, words } from "../format.js";
import { isTyping } from "../keyboard.js";
import { meter } from "../parts/levels.js";
import { field, notify, pageHead } from "../shell.js";
import { COLLEAGUES_MAX } from "../telephone.js";

/**
 * @typedef {import("../telephone.js").Telephone} Telephone
 * @typedef {import("../telephone.js").Line} Line
 * @typedef {import("../telephone.js").Availability} Availability
 */

/** The pad, as telephones have it, with the letters that some read numbers by. */
const PAD = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", ""], ["#", ""],
];
/** What a key is called where its sign would not be read out. @type {Record<string, string>} */
const SPOKEN = { "*": "star", "#": "hash" };
/** @type {Availability[]} */
const CHOICES = ["available", "busy", "do-not-disturb"];
/** The dot of each. @type {Record<Availability, string>} */
const DOTS = { available: "good", busy: "soon", "do-not-disturb": "bad", unavailable: "over" };
/** Who somebody may be. */
const NAME = "[A-Za-z0-9_.\\-]{1,121}";
/** Bytes of a status text, and so letters of most scripts. */
const TEXT_MAX = 120;

/** Does something, and says what was wrong. @param {() => unknown} work */
async function trying(work) {
  try {
    await work();
  } catch (error) {
    notify(sentence(error), "bad");
  }
}

/** @param {import("../main.js").Context} context */
export async function phonePage(context) {
  const { main, may, signal, telephone } = context;
  if (!may("clients")) {
    fill(main, pageHead("Phone"), empty("This key makes no telephones", "It takes one with the scope ", h("code", {}, "clients"), "."));
    return;
  }
  const connection = h("span", { class: "connection", role: "status" });
  const news = h("p", { class: "phone-news", role: "status" });
  const own = identity(telephone);
  const dial = dialling(context);
  const calls = callList(telephone);
  const status = ownStatus(telephone);
  const others = colleagues(telephone, dial.call);
  const sound = devices(telephone, signal);
  fill(
    main, pageHead("Phone", connection), news,
    h("div", { class: "phone" },
      h("div", { class: "stack" }, own.element, calls.element, dial.element),
      h("div", { class: "stack" }, status.element, others.element, sound.element),
    ),
  );
  const draw = () => {
    const dots = { off: "over", connecting: "soon", registered: "good", reconnecting: "bad" };
    const told = telephone.phase === "registered" ? `Registered as ${telephone.kept.name}` : words(telephone.phase === "off" ? "not registered" : telephone.phase);
    fill(connection, h("i", { class: `dot ${dots[telephone.phase]}` }), told);
    if (news.textContent !== telephone.news) news.textContent = telephone.news;
    for (const part of [own, dial, calls, status, others]) part.draw();
  };
  telephone.onChange(draw, signal);
  listen(telephone, dial, signal);
  const clock = setInterval(calls.tick, 1_000);
  signal.addEventListener("abort", () => clearInterval(clock));
  draw();
}

/**
 * Keys of this page, beside those of all.
 *
 * @param {Telephone} telephone
 * @param {{ press: (key: string) => void, erase: () => void }} dial
 * @param {AbortSignal} signal
 */
function listen(telephone, dial, signal) {
  /** @type {Record<string, (line: Line) => unknown>} */
  const actions = { m: (line) => telephone.mute(line), o: (line) => telephone.hold(line), e: (line) => line.call.hangup() };
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const [waits] = telephone.incoming;
    const { current } = telephone;
    const action = actions[key];
    if (/^[0-9*#]$/.test(key)) dial.press(key);
    else if (key === "Backspace") dial.erase();
    else if (key === "a" && waits) trying(() => telephone.answer(waits));
    else if (key === "r" && waits) waits.call.reject();
    else if (action && current) trying(() => action(current));
    else return;
    event.preventDefault();
  }, { signal });
}

/** Who one is here. @param {Telephone} telephone */
function identity(telephone) {
  const input = h("input", {
    name: "name", required: true, pattern: NAME, title: "Letters, digits, _, - and .", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    placeholder: "alice", value: telephone.kept.name,
  });
  const button = h("button", { class: "primary" });
  const form = h("form", { class: "phone-name" }, h("label", { class: "field" }, h("span", {}, "Your name"), input), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (telephone.phase === "off") trying(() => telephone.begin(input.value.trim()));
    else telephone.end();
  });
  const draw = () => {
    const isOff = telephone.phase === "off";
    button.textContent = isOff ? "Register" : "Unregister";
    button.className = isOff ? "primary" : "";
    input.readOnly = !isOff;
  };
  return { element: h("section", { class: "panel", "aria-label": "Registration" }, form), draw };
}

/** What is dialled. @param {import("../main.js").Context} context */
function dialling({ api, signal, telephone }) {
  const input = h("input", { name: "to", type: "tel", autocomplete: "off", "aria-label": "Number or name", placeholder: "Number or name" });
  const handlers = h("select", { "aria-label": "What is called" }, h("option", { value: "" }, "What is dialled"));
  const button = h("button", { class: "primary call-button" }, "Call");
  const pad = PAD.map(([key = "", letters]) =>
    h("button", { type: "button", class: "pad-key", "aria-label": SPOKEN[key] ?? key, onclick: () => press(key) }, key, letters ? h("small", { "aria-hidden": "true" }, letters) : null));
  const form = h("form", { class: "dial" }, input, h("div", { class: "pad", role: "group", "aria-label": "Dial pad" }, pad), handlers, button);

  function press(/** @type {string} */ key) {
    const { current } = telephone;
    if (current?.call.status === "open" && !current.call.isHeld) trying(() => telephone.press(current, key));
    else input.value += key;
  }
  const erase = () => {
    input.value = input.value.slice(0, -1);
  };
  const call = (/** @type {string} */ to, /** @type {string} */ handler = "") => trying(async () => {
    button.disabled = true;
    try {
      await telephone.call(to, handler);
      input.value = "";
    } finally {
      draw();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const to = input.value.trim();
    if (handlers.value) call("", handlers.value);
    else if (to) call(to);
    else input.focus();
  });
  handlers.addEventListener("change", () => {
    input.disabled = handlers.value !== "";
  });
  // A server that manages no handlers is dialled all the same.
  api.get("/v1/handlers", signal).then((found) => {
    const names = /** @type {{ handlers: import("../types.js").Handler[] }} */ (found).handlers.map(({ name }) => name);
    for (const name of names) handlers.append(h("option", { value: name }, `Handler ${name}`));
  }, () => {});

  const draw = () => {
    button.disabled = telephone.phase !== "registered";
  };
  return { element: h("section", { class: "panel", "aria-label": "Dial" }, form), draw, press, erase, call };
}

/** The calls there are. @param {Telephone} telephone */
function callList(telephone) {
  const list = h("div", {});
  const section = h("section", { class: "panel", "aria-labelledby": "phone-calls" }, h("h2", { id: "phone-calls" }, "Calls"), list);
  /** @type {Map<Line, ReturnType<typeof card>>} */
  const cards = new Map();

  const draw = () => {
    for (const [line, shown] of cards) {
      if (telephone.lines.includes(line)) continue;
      shown.element.remove();
      cards.delete(line);
    }
    for (const line of telephone.lines) {
      if (cards.has(line)) continue;
      const shown = card(telephone, line);
      cards.set(line, shown);
      list.append(shown.element);
    }
    section.hidden = cards.size === 0;
    for (const shown of cards.values()) shown.draw();
  };
  const tick = () => {
    for (const shown of cards.values()) shown.tick();
  };
  return { element: section, draw, tick };
}

/**
 * One call, and what can be done with it.
 *
 * @param {Telephone} telephone
 * @param {Line} line
 */
function card(telephone, line) {
  const { call } = line;
  const state = h("span", { class: "dim" });
  const time = h("span", { class: "phone-time" });
  const keys = h("span", { class: "dim phone-keys" });
  const button = (/** @type {string} */ name, /** @type {() => unknown} */ work, kind = "") => h("button", { class: kind, onclick: () => trying(work) }, name);
  const answer = button("Answer", () => telephone.answer(line), "primary");
  const reject = button("Reject", () => call.reject(), "danger");
  const mute = button("Mute", () => telephone.mute(line));
  const hold = button("Hold", () => telephone.hold(line));
  const end = button("Hang up", () => call.hangup(), "danger");
  const levels = h(
    "div",
    { class: "levels" },
    h("span", { class: "small" }, "You"), meter("How loud you are", () => call.peerConnection?.getSenders()[0]?.track),
    h("span", { class: "small" }, "They"), meter("How loud the other side is", () => call.peerConnection?.getReceivers()[0]?.track),
  );
  const element = h(
    "article",
    { class: "phone-call", "aria-label": `Call with ${line.who}` },
    h("div", { class: "phone-call-head" }, h("strong", {}, line.who), state, keys, time),
    levels,
    h("div", { class: "buttons left" }, answer, reject, mute, hold, end),
  );
  const tick = () => {
    time.textContent = call.status === "open" ? length(Date.now() - line.since) : "";
  };
  const draw = () => {
    const waits = call.direction === "incoming" && call.status === "ringing";
    const isOpen = call.status === "open";
    state.textContent = stateOf(line);
    keys.textContent = line.keys;
    for (const [one, shown] of /** @type {[HTMLElement, boolean][]} */ ([[answer, waits], [reject, waits], [mute, isOpen], [hold, isOpen], [end, !waits], [levels, isOpen]])) one.hidden = !shown;
    mute.setAttribute("aria-pressed", String(call.isMuted));
    hold.setAttribute("aria-pressed", String(call.isHeld));
    tick();
  };
  return { element, draw, tick };
}

/** @param {Line} line */
function stateOf({ call }) {
  if (call.status === "ringing") return call.direction === "incoming" ? "calls you" : "is ringing";
  if (call.status === "connecting") return "connecting";
  if (call.isHeld) return "on hold";
  return call.isMuted ? "muted" : "connected";
}

/** How one is. @param {Telephone} telephone */
function ownStatus(telephone) {
  const text = h("input", { name: "text", maxlength: TEXT_MAX, placeholder: "Back at two", "aria-label": "Status text", autocomplete: "off" });
  const publish = (/** @type {Availability} */ availability) => trying(() => telephone.publish({ availability, text: text.value.trim() }));
  const choices = CHOICES.map((one) =>
    h("button", { type: "button", onclick: () => publish(one) }, h("i", { class: `dot ${DOTS[one]}` }), words(one)));
  const form = h(
    "form",
    { class: "own-status" },
    h("div", { class: "choices", role: "group", "aria-label": "How you are" }, choices), text, h("button", {}, "Say"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    publish(telephone.own.availability);
  });
  const draw = () => {
    const isOff = telephone.phase === "off";
    choices.forEach((choice, place) => {
      choice.disabled = isOff;
      choice.setAttribute("aria-pressed", String(!isOff && CHOICES[place] === telephone.own.availability));
    });
    for (const one of form.querySelectorAll("input, form > button")) /** @type {HTMLInputElement} */ (one).disabled = isOff;
  };
  return { element: h("section", { class: "panel", "aria-labelledby": "own-status" }, h("h2", { id: "own-status" }, "You"), form), draw };
}

/**
 * How others are.
 *
 * @param {Telephone} telephone
 * @param {(to: string) => void} call
 */
function colleagues(telephone, call) {
  const list = h("ul", { class: "colleagues" });
  const input = h("input", { name: "colleague", pattern: NAME, title: "Letters, digits, _, - and .", placeholder: "bob", "aria-label": "Name of a colleague", autocomplete: "off", autocapitalize: "off" });
  const form = h("form", { class: "add-colleague" }, input, h("button", {}, "Add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = input.value.trim();
    const known = telephone.kept.colleagues;
    if (!name) return;
    if (known.length >= COLLEAGUES_MAX) return notify(`At most ${COLLEAGUES_MAX} are watched.`, "bad");
    input.value = "";
    trying(() => telephone.colleagues([...known, name]));
  });

  const row = (/** @type {string} */ name) => {
    const presence = telephone.presence.get(name);
    const availability = presence?.availability ?? "unavailable";
    const reason = presence?.reason ? ` · ${words(presence.reason).toLowerCase()}` : "";
    const told = presence || telephone.phase !== "off" ? words(availability) + reason : "";
    return h(
      "li",
      { "data-row": name, tabindex: 0 },
      h("i", { class: `dot ${DOTS[availability]}` }),
      h("span", { class: "colleague" }, h("strong", {}, name), " ", h("span", { class: "dim" }, told), presence?.text ? h("small", { class: "dim" }, presence.text) : null),
      h("button", { class: "quiet", "aria-label": `Call ${name}`, disabled: telephone.phase !== "registered", onclick: () => call(name) }, "Call"),
      h("button", { class: "quiet", "aria-label": `Remove ${name}`, onclick: () => trying(() => telephone.colleagues(telephone.kept.colleagues.filter((one) => one !== name))) }, "×"),
    );
  };
  let shown = "";
  const draw = () => {
    const { kept, phase } = telephone;
    // Whoever is at a button there stays there while nothing changes.
    const now = JSON.stringify([phase, kept.colleagues, kept.colleagues.map((name) => telephone.presence.get(name))]);
    if (now === shown) return;
    shown = now;
    if (kept.colleagues.length === 0) fill(list, h("li", { class: "dim" }, "Add the names of those you want to see."));
    else fill(list, kept.colleagues.map(row));
  };
  return { element: h("section", { class: "panel", "aria-labelledby": "colleagues" }, h("h2", { id: "colleagues" }, "Colleagues"), list, form), draw };
}

/**
 * What is spoken and heard with.
 *
 * @param {Telephone} telephone
 * @param {AbortSignal} signal
 */
function devices(telephone, signal) {
  const choice = (/** @type {"microphone" | "loudspeaker"} */ kind) => {
    const select = h("select", {}, h("option", { value: "" }, "The usual one"));
    select.addEventListener("change", () => trying(() => telephone.choose(kind, select.value)));
    return select;
  };
  const microphone = choice("microphone");
  const loudspeaker = choice("loudspeaker");
  const canChoose = "setSinkId" in HTMLMediaElement.prototype;

  const fillIn = async () => {
    const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const list = (/** @type {HTMLSelectElement} */ select, /** @type {string} */ kind, /** @type {string} */ chosen) => {
      // Without the microphone's permission they have no names, and one stands for all.
      const some = found.filter((device) => device.kind === kind && !["", "default"].includes(device.deviceId));
      fill(select, h("option", { value: "" }, "The usual one"), some.map(({ deviceId, label }, place) =>
        h("option", { value: deviceId, selected: deviceId === chosen }, label || `Number ${place + 1}`)));
    };
    list(microphone, "audioinput", telephone.kept.microphone);
    list(loudspeaker, "audiooutput", telephone.kept.loudspeaker);
  };
  navigator.mediaDevices?.addEventListener("devicechange", () => trying(fillIn), { signal });
  // Their names are there once a call has asked for the microphone.
  let calls = telephone.lines.length;
  telephone.onChange(() => {
    if (telephone.lines.length !== calls) trying(fillIn);
    calls = telephone.lines.length;
  }, signal);
  trying(fillIn);
  const element = h(
    "section",
    { class: "panel", "aria-labelledby": "devices" },
    h("h2", { id: "devices" }, "Sound"),
    h("div", { class: "devices" }, field("Microphone", microphone), canChoose ? field("Loudspeaker", loudspeaker) : null),
  );
  return { element };
}
