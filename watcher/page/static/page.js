// The frame: navigation, status, pausing; and waiting for changes.

import { refreshReasons, showAttention } from "./attention.js";
import { $, ask, busy, clearMessage, el, number, put, rest, start, t, when } from "./base.js";
import { refreshChart } from "./chart.js";
import { filterBy, openFile, refresh, setFolders } from "./files.js";
import { showEmpty, showFolders } from "./folders.js";
import { runChecks } from "./health.js";
import { showSetup } from "./setup.js";

const SECTIONS = ["activity", "folders", "health", "setup"];
const OPENED = { folders: showFolders, health: runChecks, setup: showSetup };
let now = start.now;
let seen = start.number; // of the last change
let announced = 0;

// -- navigation

function go() {
  const [at, field] = location.hash.slice(1).split("/");
  const section = SECTIONS.includes(at) ? at : isFirstVisit(at) ? "setup" : "activity";
  for (const each of SECTIONS) {
    $(`at-${each}`).hidden = each !== section;
    const link = document.querySelector(`nav a[href="#${each}"]`);
    if (each === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  Promise.resolve(OPENED[section]?.()).then(() => section === "setup" && field && $(field)?.focus());
  if (at === "attention") filterBy("attention");
  if (at === "file" && /^\d+$/.test(field)) openFile(Number(field));
}

/** Whether nothing is set up, and the person has gone nowhere yet. */
const isFirstVisit = (at) => !at && !now.is_set_up && !now.remarks.length;

// -- status

function show() {
  put($("headline"), now.headline);
  document.body.dataset.state = now.state;
  document.title = `${now.headline} – hrflow-watcher`;
  $("resume").hidden = !now.paused;
  put($("about"), `hrflow-watcher ${now.version} · ${t("running since {time}", { time: when(now.since) })}`);
  announce(now.headline);
  showCounts();
  showAttention(now);
  showEmpty(now);
  setFolders(now.watched.map((each) => each.path));
}

/** For screen readers: not more often than they can read it out. */
function announce(text) {
  const wait = Math.max(0, announced + 10_000 - performance.now());
  clearTimeout(announce.later);
  announce.later = setTimeout(() => {
    announced = performance.now();
    put($("live"), text);
  }, wait);
}

function showCounts() {
  const all = Object.values(now.counts).reduce((sum, files) => sum + files, 0);
  const groups = [
    ["", t("All"), all, ""],
    ["attention", t("Needs attention"), now.groups.attention, now.groups.attention ? "bad" : ""],
    ["waiting", t("Waiting"), now.groups.waiting, "busy"],
    ["arrived", t("Uploaded"), now.groups.arrived, "good"],
    ["aside", t("Skipped"), now.groups.aside, ""],
  ];
  const place = $("counts");
  if (!place.children.length) {
    for (const [group] of groups) {
      const button = el("button", { type: "button", "data-group": group, "aria-pressed": String(!group),
        onclick: () => filterBy(group) }, el("span"), " ", el("b"));
      place.append(el("li", {}, button));
    }
  }
  groups.forEach(([, label, files, tone], at) => {
    const button = place.children[at].firstChild;
    button.className = tone;
    put(button.querySelector("b"), number(files));
    put(button.querySelector("span"), label);
  });
}

// -- keys

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input:not([type='checkbox']), textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "?") $("keys").showModal();
  if (event.key !== "/") return;
  event.preventDefault();
  if ($("at-activity").hidden) location.hash = "activity";
  setTimeout(() => $("text").select());
});
$("show-keys").addEventListener("click", () => $("keys").showModal());

// -- changes

async function listen() {
  for (let patience = 2; ; ) {
    try {
      const change = await ask(`/api/now?seen=${seen}`);
      seen = change.number;
      if (change.now) {
        now = change.now;
        await refreshReasons();
        show();
        await Promise.all([refresh(), refreshChart()]);
      }
      await rest(change.again ? change.again * 1000 : 400);
      if (document.body.dataset.state === "lost") show();
      patience = 2;
    } catch (error) {
      put($("headline"), error.message);
      document.body.dataset.state = "lost";
      if (error.status === 403) return; // the program was restarted: it accepts only a new link
      await rest(patience * 1000);
      patience = Math.min(60, patience * 2);
    }
  }
}

// -- pausing

const PAUSES = { hour: { seconds: 3600 }, tomorrow: { until: "tomorrow" }, end: {} };
for (const button of document.querySelectorAll("[data-pause]"))
  button.addEventListener("click", () => busy(button, async () => {
    closePause();
    await ask("/api/pause", PAUSES[button.dataset.pause]);
  }));
$("pause").addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePause();
});
$("pause").addEventListener("focusout", (event) => {
  // Some browsers give no focus to a button that is clicked.
  if (event.relatedTarget && !$("pause").contains(event.relatedTarget)) $("pause").open = false;
});
addEventListener("click", (event) => {
  for (const menu of [$("pause"), $("column-menu")]) if (!menu.contains(event.target)) menu.open = false;
});
$("column-menu").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  $("column-menu").open = false;
  $("column-menu").querySelector("summary").focus();
});

function closePause() {
  $("pause").open = false;
  $("pause").querySelector("summary").focus();
}
$("language").value = start.chosen_language;
$("language").addEventListener("change", () => busy($("language"), async () => {
  await ask("/api/language", { language: $("language").value });
  location.reload();
}));
$("resume").addEventListener("click", () => busy($("resume"), () => ask("/api/resume", {})));
addEventListener("hashchange", () => {
  clearMessage();
  go();
});

show();
refresh(start.page);
go();
listen();
