// The chart: how many files arrived on each day of a week or month, or in each month of a year; by source.

import { $, ask, busy, button, el, number, put, start, t } from "./base.js";
import { filterByDates } from "./files.js";

const HEIGHT = 150;
const BELOW = 22; // for dates
const ABOVE = 18; // for the value of the bar that is looked at
const language = start.language;
const formats = {
  day: new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" }),
  shortDay: new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }),
  month: new Intl.DateTimeFormat(language, { month: "long", year: "numeric" }),
  shortMonth: new Intl.DateTimeFormat(language, { month: "short" }),
};
let { days, sources } = start.arrivals;
let span = "30";
let chosen = ""; // the key of the source that alone is shown
let drawn = "";

/** Read the days again and show them. */
export async function refreshChart() {
  ({ days, sources } = await ask(`/api/days?span=${span}`));
  if (span === "365") leaveOutPartOfMonth();
  draw();
}

/** Begin a year with a whole month, as a bar of some of its days would mislead. */
function leaveOutPartOfMonth() {
  const first = days.findIndex(([date]) => date.endsWith("-01"));
  days = days.slice(first);
  sources = sources.map((source) => ({ ...source, days: source.days.slice(first) }));
}

const chosenSource = () => sources.find((source) => source.key === chosen);

/** What each bar stands for: its first and last day, its files, and its names. */
function bars() {
  const source = chosenSource();
  const found = days.map(([date, files], at) => [date, source ? source.days[at] : files]);
  if (span !== "365") {
    return found.map(([date, files]) => {
      const at = new Date(`${date}T12:00`);
      return { since: date, until: date, files, name: formats.day.format(at), label: formats.shortDay.format(at) };
    });
  }
  const months = new Map();
  for (const [date, files] of found) {
    const month = date.slice(0, 7);
    const at = new Date(`${month}-15T12:00`);
    const bar = months.get(month) ?? { since: date, files: 0, name: formats.month.format(at), label: formats.shortMonth.format(at) };
    months.set(month, { ...bar, until: date, files: bar.files + files });
  }
  return [...months.values()];
}

const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);

/** Show how many files each source received, and let one be chosen. */
function showSources() {
  const focused = $("sources").contains(document.activeElement) && document.activeElement.dataset.key;
  const most = Math.max(1, ...sources.map((source) => sum(source.days)));
  $("sources").replaceChildren(...sources.map((source) => {
    const files = sum(source.days);
    const bar = shape("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    bar.append(shape("rect", { class: "bar", width: (100 * files) / most, height: 1 }));
    const made = button(el("span", {}, source.name), () => {
      chosen = chosen === source.key ? "" : source.key;
      draw();
    }, { "data-key": source.key, "aria-pressed": String(chosen === source.key), title: source.name });
    made.append(bar, el("b", {}, number(files)));
    return el("li", {}, made);
  }));
  if (focused) $("sources").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  $("sources").hidden = sources.length < 2;
}

/** The least round value that is not below `most`, and whose half is whole. */
function top(most) {
  for (let step = 1; ; step *= 10) for (const each of [2, 4, 6, 8, 10]) if (each * step >= most) return each * step;
}

function draw() {
  const width = Math.round($("plot").clientWidth);
  if (!chosenSource()) chosen = "";
  const key = JSON.stringify([width, days, sources, span, chosen]);
  if (!width || drawn === key) return;
  drawn = key;
  const shown = bars();
  const total = sum(shown.map((bar) => bar.files));
  showSources();
  put($("chart-total"), t("Uploaded in this period: {files}.", { files: number(total) }));
  const highest = top(Math.max(1, ...shown.map((bar) => bar.files)));
  const left = 14 + 8 * number(highest).length;
  const step = (width - left) / shown.length;
  const floor = HEIGHT - BELOW;
  const y = (files) => floor - (files / highest) * (floor - ABOVE);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-labelledby": "chart-title chart-total" });
  for (const files of [0, highest / 2, highest]) {
    svg.append(shape("line", { x1: left, x2: width, y1: y(files), y2: y(files) }));
    svg.append(text(number(files), { x: left - 8, y: y(files) + 4, "text-anchor": "end" }));
  }
  const each = Math.ceil(58 / step); // every how many bars there is room for a date
  const value = text("", { class: "value", "text-anchor": "middle" });
  shown.forEach((bar, at) => {
    const middle = left + (at + 0.5) * step;
    const wide = Math.min(40, step * 0.7);
    const height = bar.files ? Math.max(3, floor - y(bar.files)) : 0;
    svg.append(shape("rect", { class: "bar", x: middle - wide / 2, y: floor - height, width: wide, height, rx: 2 }));
    if ((shown.length - 1 - at) % each === 0 && middle > left + 14)
      svg.append(text(bar.label, { x: Math.min(middle, width - 22), y: HEIGHT - 5, "text-anchor": "middle" }));
    svg.append(hit(bar, { x: left + at * step, width: step, height: floor, tabindex: at === shown.length - 1 ? 0 : -1 }, () => {
      put(value, number(bar.files));
      value.setAttribute("x", Math.min(middle, width - 16));
      value.setAttribute("y", floor - height - 5);
      put($("chart-value"), t("{what}: {text}", { what: bar.name, text: number(bar.files) }));
    }));
  });
  svg.append(value);
  const forget = () => [value, $("chart-value")].forEach((place) => put(place, ""));
  svg.addEventListener("mouseleave", forget);
  svg.addEventListener("focusout", forget);
  svg.addEventListener("keydown", move);
  $("plot").replaceChildren(svg);
}

/** What a bar is pointed at, focused and clicked by. */
function hit(bar, place, look) {
  const name = t("{what}: {text}", { what: bar.name, text: number(bar.files) });
  const made = shape("rect", { class: "hit", y: 0, role: "button", "aria-label": name, ...place });
  made.addEventListener("mouseenter", look);
  made.addEventListener("focus", look);
  made.addEventListener("click", () => filterByDates(bar.since, bar.until, chosenSource()));
  return made;
}

/** Arrow keys go from bar to bar, of which one can be reached by Tab. */
function move(event) {
  const hits = [...event.currentTarget.querySelectorAll(".hit")];
  const at = hits.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: hits.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") event.target.dispatchEvent(new MouseEvent("click"));
  else if (!hits[to]) return;
  else {
    hits[at].setAttribute("tabindex", -1);
    hits[to].setAttribute("tabindex", 0);
    hits[to].focus();
  }
  event.preventDefault();
}

function text(content, attributes) {
  const made = shape("text", attributes);
  made.textContent = content;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

for (const button of document.querySelectorAll("[data-span]"))
  button.addEventListener("click", () => busy(button, async () => {
    span = button.dataset.span;
    for (const each of document.querySelectorAll("[data-span]")) each.setAttribute("aria-pressed", String(each === button));
    await refreshChart();
  }));
new ResizeObserver(draw).observe($("plot"));

// Where there is little room, the list comes first; it is moved so that Tab goes the same way.
const narrow = matchMedia("(max-width: 40rem)");
function arrange() {
  if (narrow.matches) $("list").after($("chart"));
  else $("list").before($("chart"));
}
narrow.addEventListener("change", arrange);
arrange();
