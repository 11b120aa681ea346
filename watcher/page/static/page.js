// The frame: navigation, status, pausing; and waiting for changes.

import { setTargets } from "./adding.js";
import { refreshReasons, showAttention } from "./attention.js";
import { $, ask, busy, button, clearMessage, el, isTyping, number, put, rest, start, t, when } from "./base.js";
import { refreshChart } from "./chart.js";
import { filterBy, openFile, refresh, setFolders, showEmpty } from "./files.js";
import { showFolders } from "./folders.js";
import { runChecks } from "./health.js";
import { showSetup } from "./setup.js";

const SECTIONS = ["activity", "folders", "health", "setup", "help"];
const OPENED = { folders: showFolders, health: runChecks, setup: showSetup };
const MENUS = [...document.querySelectorAll(".menu")];
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
  const focused = field || (isFirstVisit(at) && "email");
  Promise.resolve(OPENED[section]?.()).then(() => section === "setup" && focused && $(focused)?.focus());
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
  $("pause").hidden = !now.is_set_up;
  put($("about"), `hrflow-watcher ${now.version} · ${t("running since {time}", { time: when(now.since) })}`);
  $("ledger").hidden = !now.ledger;
  put($("ledger"), now.ledger);
  announce(now.headline);
  showCounts();
  showAttention(now);
  showEmpty(now);
  setFolders(now.watched.map((each) => each.path));
  setTargets(now.watched);
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
    ["arrived", t("Uploaded to HrFlow"), now.groups.arrived, "good"],
    ["aside", t("Skipped"), now.groups.aside, ""],
  ];
  const place = $("counts");
  if (!place.children.length) {
    for (const [group] of groups) {
      const made = button(el("span"), () => filterBy(group), { "data-group": group, "aria-pressed": String(!group) });
      made.append(" ", el("b"));
      place.append(el("li", {}, made));
    }
  }
  groups.forEach(([, label, files, tone], at) => {
    const shown = place.children[at].firstChild;
    shown.className = tone;
    put(shown.querySelector("b"), number(files));
    put(shown.querySelector("span"), label);
  });
}

// -- keys

addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    location.hash = "help";
    setTimeout(() => $("h-help").focus());
  }
  if (event.key !== "/") return;
  event.preventDefault();
  if ($("at-activity").hidden) location.hash = "activity";
  setTimeout(() => $("text").select());
});

// -- changes

async function listen() {
  for (let patience = 2; ; ) {
    try {
      const change = await ask(`/api/now?seen=${seen}`);
      seen = change.number;
      if (change.now) {
        const hasArrived = now.today !== change.now.today;
        now = change.now;
        await refreshReasons();
        const focused = document.activeElement;
        show();
        await Promise.all([refresh(), hasArrived && refreshChart()]);
        keepFocus(focused);
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

/** Move the focus on if what had it was removed or hidden: in a row to its file, else to the content. */
function keepFocus(focused) {
  const isSeen = focused === document.body || (focused.isConnected && focused.offsetParent !== null);
  if (isSeen || ![focused, document.body].includes(document.activeElement)) return;
  const row = focused.isConnected && focused.closest("tr");
  (row ? row.querySelector("button.link") : $("main")).focus({ preventScroll: true });
}

// -- menus

function closeMenu(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}
for (const menu of MENUS) {
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenu(menu);
  });
  menu.addEventListener("focusout", (event) => {
    // Some browsers give no focus to a button that is clicked.
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}
addEventListener("click", (event) => {
  for (const menu of MENUS) if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
});

const PAUSES = { hour: { seconds: 3600 }, tomorrow: { until: "tomorrow" }, end: {} };
for (const each of document.querySelectorAll("[data-pause]"))
  each.addEventListener("click", () => busy(each, async () => {
    closeMenu($("pause"));
    await ask("/api/pause", PAUSES[each.dataset.pause]);
  }));

// -- the rest of the frame

for (const code of start.languages) {
  const name = new Intl.DisplayNames([code], { type: "language" }).of(code);
  $("language").append(el("option", { value: code, lang: code }, name.charAt(0).toLocaleUpperCase(code) + name.slice(1)));
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
