// What all parts of the page use: texts, elements, requests, messages, numbers and times.

export const start = JSON.parse(document.getElementById("start").textContent);
const proof = document.body.dataset.proof;
const language = start.language;

/** A text in the person's language; `values` fill its {places}. */
export const t = (key, values = {}) => fill(start.texts[key] ?? key, values);

/** A text about `count` things: for a single one, and for all other numbers. */
export function tn(one, many, count, values = {}) {
  const forms = start.texts[one] ?? { one, other: many };
  return fill(forms[plurals.select(count)] ?? forms.other, { ...values, count: whole.format(count) });
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
}

export const $ = (id) => document.getElementById(id);

const MISLEADING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** A text as it may be shown: no character in it can hide or turn what follows. */
export const safe = (text) =>
  String(text).replace(MISLEADING, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** An element; texts among `children` stay texts, whatever they look like. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  const shown = children.filter((child) => child != null && child !== "");
  made.append(...shown.map((child) => (typeof child === "string" ? safe(child) : child)));
  return made;
}

/** Send a request, with `values` or bytes, and return the answer; an Error has the program's sentence and the field it is about. */
export async function ask(path, values) {
  const isBytes = values instanceof ArrayBuffer;
  const options = values && {
    method: "POST",
    headers: { "Content-Type": isBytes ? "application/octet-stream" : "application/json", "X-Watcher-Proof": proof },
    body: isBytes ? values : JSON.stringify(values),
  };
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "same-origin" });
  } catch {
    throw new Error(t("Not responding. Is hrflow-watcher still running?"));
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok || data.error) {
    const text = [data.error ?? answer.statusText, data.hint].filter(Boolean).join(" ");
    throw Object.assign(new Error(text), { status: answer.status, field: data.field });
  }
  return data;
}

let clearing;
/** Show a message for a while; one about a problem until the next. */
export function say(text, tone = "good") {
  const place = $("said");
  clearTimeout(clearing);
  place.className = `said ${tone}`;
  place.textContent = safe(text);
  if (tone !== "bad") clearing = setTimeout(() => (place.textContent = ""), 8000);
}

// What is outside an open dialog can neither be reached nor seen well, so messages are shown in it.
for (const dialog of document.querySelectorAll("dialog"))
  new MutationObserver(() => {
    if (dialog.open) dialog.prepend($("said"), $("toasts"));
    else if (dialog.contains($("said"))) $("main").before($("said"), $("toasts"));
  }).observe(dialog, { attributeFilter: ["open"] });

/** Remove the message, which belongs to the section that is left. */
export function clearMessage() {
  clearTimeout(clearing);
  $("said").textContent = "";
}

/** Do something for a click: its button is disabled meanwhile, and what goes wrong is shown. */
export async function busy(button, work) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** A button that does something, as `busy` does. */
export function button(label, work, attributes = {}) {
  const made = el("button", { type: "button", onclick: () => busy(made, work), ...attributes }, label);
  return made;
}

/** A button that copies a text, which `read` returns; `label` says what it is. */
export const copyButton = (read, label, text = t("Copy")) => button(text, async () => {
  await navigator.clipboard.writeText(read());
  say(t("Copied"));
}, { class: "copy", title: label, "aria-label": label });

/** The lines of a list of facts: [label, text or element]; those without a text are left out. */
export const factLines = (facts) =>
  facts.filter(([, fact]) => fact).flatMap(([label, fact]) => [el("dt", {}, label), el("dd", {}, fact)]);

/** Replace what is in a place, if it is something else. */
export function replace(place, lines) {
  const text = (each) => each.textContent;
  if ([...place.children].map(text).join("\n") !== lines.map(text).join("\n")) place.replaceChildren(...lines);
}

/** Set an element's text, or lines, only if they are others: nothing flickers or is read out again. */
export function put(place, ...lines) {
  const shown = lines.map(safe).join("\n");
  if (place.textContent !== shown) place.textContent = shown;
}

/** Whether a key was pressed where text is typed. */
export const isTyping = (event) => event.target.closest?.("input:not([type='checkbox']), textarea, select");

/** Wait. */
export const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

const whole = new Intl.NumberFormat(language);
const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
const clock = new Intl.DateTimeFormat(language, { timeStyle: "short", hourCycle: "h23" });
const plurals = new Intl.PluralRules(language);
const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const dated = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** A path as the terminal shows it, with "~" for the home folder. */
export function shortPath(path) {
  const below = path.startsWith(start.home) ? path.slice(start.home.length) : "";
  return /^[/\\]/.test(below) ? `~${below}` : path;
}

export const number = (value) => whole.format(value);
export const moment = (at) => full.format(new Date(at * 1000));

/** The time of a moment of today, else its day; the year only if it is another one. */
export function when(at) {
  const date = new Date(at * 1000);
  const now = new Date();
  const isToday = date.toDateString() === now.toDateString();
  const isThisYear = date.getFullYear() === now.getFullYear();
  return (isToday ? clock : isThisYear ? day : dated).format(date);
}

export function size(bytes) {
  let step = 0;
  while (bytes >= 999.95 && step < units.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  if (!step) return t("{number} B", { number: whole.format(bytes) });
  const options = { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, options).format(bytes);
}

/** Seconds as the terminal shows them, in one piece. */
export function duration(seconds) {
  if (seconds == null) return "";
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  const shown =
    seconds < 0.1 ? t("< {number} s", { number: whole.format(0.1) })
    : seconds < 60 ? t("{number} s", { number: whole.format(seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)) })
    : seconds < 3600 ? t("{number} min", { number: whole.format(Math.round(seconds / 60)) })
    : t("{hours} h {minutes} min", { hours: whole.format(Math.floor(seconds / 3600)), minutes });
  return shown.replaceAll(" ", "\u00a0");
}
