// A recording that can be heard: its waveform drawn from its sound, a channel above the other, and a place in it that can be moved.

import { isAborted, sentence } from "../api.js";
import { fill, h } from "../dom.js";
import { clock, length, size, words } from "../format.js";
import { ask, field, notify } from "../shell.js";

const HEIGHT = 44;
/** A bar and the gap after it. */
const BAR = 3;
const JUMP_S = 5;
/** What is softer than this throughout is drawn as silence. */
const QUIETEST = 0.02;

/**
 * The loudest of each piece of a channel, 0 to 1.
 * @param {Float32Array} samples
 * @param {number} pieces
 */
export function peaks(samples, pieces) {
  const size = samples.length / pieces;
  return Array.from({ length: pieces }, (_, piece) => {
    let most = 0;
    const end = Math.floor((piece + 1) * size);
    for (let at = Math.floor(piece * size); at < end; at += 1) most = Math.max(most, Math.abs(samples[at] ?? 0));
    return most;
  });
}

/**
 * @param {import("../main.js").Context} context
 * @param {import("../types.js").Recording} recording
 * @param {() => void} removed
 */
export function recordingCard({ api, signal, may }, recording, removed) {
  const path = `/v1/recordings/${recording.id}`;
  const title = recording.legs.length > 0 ? recording.legs.map((leg) => `Leg ${leg}`).join(" + ") : "Room";
  const canvas = h("canvas", { height: HEIGHT, "aria-hidden": "true" });
  const position = h("span", { class: "position" }, "0:00");
  const button = h("button", { class: "play", "aria-label": "Play", disabled: true }, "▶");
  const seek = h("input", {
    type: "range", class: "seek", min: 0, max: 1, step: "any", value: 0, "aria-label": "Place in the recording", disabled: true,
  });
  const track = h("div", { class: "track" }, canvas, seek);
  const body = h("div", { class: "player" }, button, track, position);
  const actions = h("div", { class: "card-actions" });
  const element = h(
    "article",
    { class: "recording", "data-recording": recording.id },
    h("div", { class: "recording-head" },
      h("h3", {}, title),
      h("span", { class: "dim" }, [clock(recording.started_at), recording.duration_ms === undefined ? words(recording.state) : length(recording.duration_ms), size(recording.bytes)].filter(Boolean).join(" · ")),
      actions,
    ),
    body,
  );
  if (recording.state === "running" || recording.state === "paused") {
    fill(body, h("p", { class: "dim" }, "Its sound can be heard once it is stopped or its call is over."));
    return element;
  }
  const audio = new Audio();
  /** @type {Float32Array[]} */
  let channels = [];

  function draw() {
    const width = Math.max(60, track.clientWidth);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = HEIGHT * ratio;
    const pen = canvas.getContext("2d");
    if (!pen || channels.length === 0) return;
    pen.scale(ratio, ratio);
    const style = getComputedStyle(element);
    const [done, todo] = [style.getPropertyValue("--accent"), style.getPropertyValue("--wave")];
    const bars = Math.floor(width / BAR);
    const room = HEIGHT / channels.length;
    const heard = audio.duration ? (audio.currentTime / audio.duration) * bars : 0;
    const heights = channels.map((samples) => peaks(samples, bars));
    // The loudest of all fills its room: what is soft is seen, and channels compare.
    const loudest = Math.max(QUIETEST, ...heights.flat());
    heights.forEach((ofChannel, channel) => {
      const middle = room * channel + room / 2;
      ofChannel.forEach((peak, bar) => {
        const half = Math.max(0.75, (peak / loudest) * (room / 2 - 1));
        pen.fillStyle = bar < heard ? done : todo;
        pen.fillRect(bar * BAR, middle - half, BAR - 1, 2 * half);
      });
    });
  }

  function moved() {
    position.textContent = `${length(audio.currentTime * 1000)} / ${length(audio.duration * 1000 || 0)}`;
    seek.value = String(audio.currentTime / (audio.duration || 1));
    seek.setAttribute("aria-valuetext", position.textContent);
    draw();
  }

  function toggle() {
    if (audio.paused) audio.play().catch((error) => notify(sentence(error), "bad"));
    else audio.pause();
  }

  button.addEventListener("click", toggle);
  seek.addEventListener("input", () => {
    audio.currentTime = Number(seek.value) * audio.duration;
    moved();
  });
  seek.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -JUMP_S, ArrowRight: JUMP_S }[event.key];
    if (event.key === " ") toggle();
    else if (step) audio.currentTime = Math.min(audio.duration, Math.max(0, audio.currentTime + step));
    else return;
    event.preventDefault();
  });
  for (const happening of ["play", "pause", "ended"]) {
    audio.addEventListener(happening, () => {
      button.textContent = audio.paused ? "▶" : "❚❚";
      button.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
      element.classList.toggle("playing", !audio.paused);
    });
  }
  audio.addEventListener("timeupdate", moved);
  audio.addEventListener("loadedmetadata", moved);

  async function load() {
    try {
      const sound = await api.blob(`${path}/content`, signal);
      const url = URL.createObjectURL(sound);
      audio.src = url;
      signal.addEventListener("abort", () => {
        audio.pause();
        URL.revokeObjectURL(url);
      });
      const decoder = new OfflineAudioContext(1, 1, 48_000);
      const decoded = await decoder.decodeAudioData(await sound.arrayBuffer());
      channels = Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel));
      button.disabled = false;
      seek.disabled = false;
      fill(actions, buttons(url, sound.type));
      draw();
    } catch (error) {
      if (!isAborted(error)) fill(body, h("p", { class: "bad-text" }, sentence(error)));
    }
  }

  function buttons(/** @type {string} */ url, /** @type {string} */ type) {
    const ending = type.includes("ogg") ? "ogg" : "wav";
    const all = [h("a", { class: "button quiet", href: url, download: `${recording.id}.${ending}` }, "Download")];
    if (may("write")) {
      all.push(/** @type {any} */ (h("button", { class: "quiet", onclick: share }, "Link")));
      all.push(/** @type {any} */ (h("button", { class: "quiet", onclick: remove }, "Delete")));
    }
    return all;
  }

  async function share() {
    const hours = h("select", { name: "expires" }, h("option", { value: "3600" }, "An hour"), h("option", { value: "86400" }, "A day"), h("option", { value: "604800" }, "A week"));
    const answer = await ask({ title: "Make a link", text: "Whoever has it can listen without a key.", verb: "Make link", fields: [field("Good for", hours)] });
    if (!answer) return;
    try {
      const made = await api.change("POST", `${path}/link`, { expires_s: Number(answer.get("expires")) });
      const url = new URL(made.url, location.href).href;
      const copied = await navigator.clipboard?.writeText(url).then(() => true, () => false);
      const shown = h("input", { readonly: true, value: url, name: "url" });
      if (copied) notify("The link is in the clipboard.");
      else await ask({ title: "The link", text: "Copy it from here.", verb: "Done", fields: [field("Link", shown)] });
    } catch (error) {
      notify(sentence(error), "bad");
    }
  }

  async function remove() {
    const sure = await ask({ title: "Delete the recording?", text: "Its sound is gone for good.", verb: "Delete", danger: true });
    if (!sure) return;
    try {
      await api.change("DELETE", path);
      notify("The recording is deleted.");
      removed();
    } catch (error) {
      notify(sentence(error), "bad");
    }
  }

  const watcher = new ResizeObserver(draw);
  watcher.observe(track);
  signal.addEventListener("abort", () => watcher.disconnect());
  load();
  return element;
}
