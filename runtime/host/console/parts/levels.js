// How loud it is: a bar that follows a sound, and the bell of the telephone. One audio context for all of it.

import { h } from "../dom.js";

/** The quietest that is shown, in decibels below the loudest. */
const FLOOR_DB = -60;
/** How often those are told who do not see the bar, in ms. */
const TELL_MS = 500;
/** How often a meter looks, in ms: as smooth as the eye wants, at a bearable price. */
const LOOK_MS = 60;

/** @type {AudioContext | null} */
let shared = null;

/** Made when it is needed: a browser lets no page sound before somebody has touched it. */
function audio() {
  shared ??= new AudioContext();
  if (shared.state === "suspended") shared.resume().catch(() => {});
  return shared;
}

/**
 * A meter. It follows what the function gives for as long as it is on the page.
 *
 * @param {string} name
 * @param {() => MediaStreamTrack | null | undefined} track
 */
export function meter(name, track) {
  const bar = h("i", {});
  const element = h("span", { class: "level", role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, bar);
  /** @type {{ track: MediaStreamTrack, source: MediaStreamAudioSourceNode, analyser: AnalyserNode } | null} */
  let heard = null;
  let toldAt = 0;
  const samples = new Float32Array(1024);

  const follow = (/** @type {MediaStreamTrack} */ wanted) => {
    heard?.source.disconnect();
    const source = audio().createMediaStreamSource(new MediaStream([wanted]));
    const analyser = audio().createAnalyser();
    analyser.fftSize = samples.length;
    source.connect(analyser);
    heard = { track: wanted, source, analyser };
  };
  const look = () => {
    if (!element.isConnected) {
      clearInterval(timer);
      heard?.source.disconnect();
      return;
    }
    const wanted = track();
    if (wanted && wanted !== heard?.track) follow(wanted);
    if (!heard) return;
    heard.analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const db = 10 * Math.log10(power + 1e-9);
    const level = Math.round(100 * Math.min(1, Math.max(0, 1 - db / FLOOR_DB)));
    bar.style.setProperty("--level", `${level}%`);
    if (performance.now() - toldAt < TELL_MS) return;
    toldAt = performance.now();
    element.setAttribute("aria-valuenow", String(level));
  };
  const timer = setInterval(look, LOOK_MS);
  return element;
}

/** Rings until it is told to stop. @returns {() => void} what stops it */
export function ring() {
  const context = audio();
  const loudness = context.createGain();
  loudness.gain.value = 0;
  loudness.connect(context.destination);
  const tones = [440, 480].map((hz) => {
    const tone = context.createOscillator();
    tone.frequency.value = hz;
    tone.connect(loudness);
    tone.start();
    return tone;
  });
  let seconds = 0;
  const swell = () => {
    loudness.gain.setTargetAtTime(seconds % 4 < 1.5 ? 0.08 : 0, context.currentTime, 0.02);
    seconds += 0.5;
  };
  swell();
  const timer = setInterval(swell, 500);
  return () => {
    clearInterval(timer);
    for (const tone of tones) tone.stop();
    loudness.disconnect();
  };
}
