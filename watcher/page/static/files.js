// The list of files: search, filters, order, columns, pages, a selection of several, and the details of one.

import { $, ask, busy, button, copyButton, duration, el, factLines, moment, number, put, replace, safe, say, shortPath, size, t, tn, when } from "./base.js";
import { folderOption } from "./fields.js";
import { order } from "./undo.js";

const HEADS = [...document.querySelectorAll("#files th")];
const COLUMNS = HEADS.map((each) => each.dataset.column);
const LABELS = HEADS.map((each) => each.textContent.trim());
const BY_CHOICE = ["type", "size", "took", "reference", "profile"];
const FIRST_DOWN = ["when", "size"]; // the latest and the largest first
const rows = new Map(); // id → its line and what it shows
const selected = new Map(); // id → the file
let files = [];
let page = 1; // the number of the page that is shown
let hasMore = false;
let requests = 0;
let shown = null; // the file in the dialog
let group = ""; // of states, which is shown
let sort = "-when";
let sorted = null; // how many files are, if not all may be
let only = {}; // what only some files have: a `cause`, a reason (`why`) or a `source`; as `label` and `text`

// -- the list

function query(more = {}) {
  const wanted = {
    text: $("text").value.trim(), state: group, folder: $("folder").value, ...dates(),
    cause: only.cause, why: only.why, source: only.source, ...more,
  };
  return new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
}

/** Show the page again as it is now; `known` is what was read of it already. */
export async function refresh(known) {
  const mine = ++requests;
  const read = known ?? (await ask(`/api/files?${query({ sort, page })}`));
  if (mine !== requests) return; // a later request is on its way
  files = read.files;
  hasMore = read.has_more;
  sorted = read.sorted;
  show();
  if (shown) await showDetails(shown);
}

function show() {
  const place = $("rows");
  const ids = new Set(files.map((file) => file.id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.line.remove();
      rows.delete(id);
    }
  }
  files.forEach((file, at) => {
    const row = rows.get(file.id) ?? newRow(file);
    fill(row, file);
    if (place.children[at] !== row.line) place.insertBefore(row.line, place.children[at] ?? null);
    if (selected.has(file.id)) selected.set(file.id, file);
  });
  const filtered = query() !== "";
  $("none").hidden = files.length > 0;
  put($("none"), filtered ? t("No matching files") : t("No files uploaded yet"));
  $("newer").disabled = page < 2;
  $("older").disabled = !hasMore;
  $("sorted").hidden = !sorted;
  if (sorted) put($("sorted"), t("There are more than {count} files; only the latest are sorted.", { count: number(sorted) }));
  $("pager").hidden = page < 2 && !hasMore;
  put($("where"), files.length ? t("Page {page}", { page: number(page) }) : "");
  $("csv").href = `/api/files.csv?${query()}`;
  showSelected();
}

function newRow(file) {
  const cells = COLUMNS.map((column, at) => el("td", { role: "cell", class: `c-${column}`, "data-label": LABELS[at] }));
  const cell = Object.fromEntries(COLUMNS.map((column, at) => [column, cells[at]]));
  const row = { line: el("tr", { role: "row" }, ...cells), cells, cell, file };
  row.box = el("input", { type: "checkbox", onchange: () => select(file.id, row.box.checked) });
  row.open = el("button", { type: "button", class: "link", onclick: () => openFile(file.id) });
  row.retry = button(t("Retry"), () => order("retry", { ids: [file.id] }));
  row.ignore = button(t("Ignore"), () => order("ignore", { ids: [file.id] }));
  row.copy = copyButton(() => row.file.profile, t("Copy the profile key"), t("Copy key"));
  cell.selected.append(row.box);
  cell.candidate.append(row.open);
  cell.state.append(el("span", { class: "sign", "aria-hidden": "true" }), " ", el("span"), el("small", { class: "hidden" }));
  row.link = profileLink();
  cell.acts.append(row.retry, row.ignore, row.copy, row.link);
  row.line.addEventListener("click", (event) => {
    if (!event.target.closest("button, a, input") && !String(getSelection())) openFile(file.id);
  });
  rows.set(file.id, row);
  hideColumns(cells);
  return row;
}

function fill(row, file) {
  row.file = file;
  row.line.className = `is-${file.tone}${file.candidate ? "" : " is-unnamed"}`;
  row.box.checked = selected.has(file.id);
  row.box.setAttribute("aria-label", safe(t("Select {file}", { file: file.name })));
  const [sign, label, remark] = row.cell.state.querySelectorAll("span, small");
  put(sign, file.sign);
  put(label, file.label);
  put(remark, file.remark);
  row.cell.state.title = safe([file.label, file.remark].filter(Boolean).join(" · "));
  put(row.open, file.candidate || file.name.replace(/(.)\.[^.]+$/, "$1"));
  row.open.title = row.open.textContent;
  row.open.classList.toggle("quiet", !file.candidate);
  for (const what of ["retry", "ignore"]) {
    row[what].hidden = !file[`can_${what}`];
    row[what].setAttribute("aria-label", safe(`${row[what].textContent}: ${file.name}`));
  }
  setLink(row.link, file);
  row.copy.hidden = !file.profile;
  const texts = { name: file.name, source: file.source, type: file.type, size: size(file.size),
    took: duration(file.took), reference: file.reference, profile: file.profile, when: when(file.changed_at) };
  for (const [column, text] of Object.entries(texts)) {
    put(row.cell[column], text);
    row.cell[column].title = row.cell[column].textContent;
  }
  replace(row.cell.tags, [tagLine(file.tag_list)]);
  row.cell.tags.title = safe(file.tags);
  row.cell.name.title = safe(file.path);
  row.cell.when.title = moment(file.changed_at);
  row.cell.type.title = file.media_type;
}

/** Tags, and how many there are beside the first: where there is little room, that is all that is shown. */
function tagLine(tags) {
  const shown = tags.flatMap(([name, value]) => [el("span", { class: "tag" }, `${name}=${value}`), " "]);
  return el("span", {}, ...shown, tags.length > 1 ? el("span", { class: "more" }, `+${number(tags.length - 1)}`) : "");
}

function profileLink() {
  return el("a", { class: "button", target: "_blank", rel: "noreferrer" }, t("Profile"));
}

function setLink(link, file) {
  link.hidden = !file.link;
  if (file.link) link.href = file.link;
  link.setAttribute("aria-label", safe(`${t("Open profile")}: ${file.candidate || file.name}`));
}

let typing;
function search() {
  page = 1;
  for (const each of document.querySelectorAll("#counts button"))
    each.setAttribute("aria-pressed", String(each.dataset.group === group));
  refresh().catch((error) => say(error.message, "bad"));
}
$("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 120);
});
$("folder").addEventListener("change", search);
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
$("only-none").addEventListener("click", () => {
  filterBy(group);
  $("text").focus();
});
$("older").addEventListener("click", () => turn(1));
$("newer").addEventListener("click", () => turn(-1));

async function turn(by) {
  page += by;
  await refresh().catch((error) => say(error.message, "bad"));
  $("files").scrollIntoView({ block: "start" });
}

/** Filter by a group of states or a state, and by what only some files have. */
export function filterBy(states, wanted = {}) {
  group = states;
  showOnly(wanted);
  $("text").value = "";
  $("folder").value = "";
  $("period").value = "";
  search();
}

function showOnly(wanted) {
  only = wanted;
  $("only").hidden = !wanted.text;
  put($("only-label"), wanted.label ?? "");
  put($("only-text"), wanted.text ?? "");
}

/** The folders that can be filtered by. */
export function setFolders(paths) {
  const place = $("folder");
  const before = [...place.options].slice(1).map((each) => each.value);
  if (before.join("\n") === paths.join("\n")) return;
  const value = place.value;
  place.replaceChildren(place.options[0], ...paths.map(folderOption));
  place.value = paths.includes(value) ? value : "";
  $("label-folder").hidden = paths.length < 2;
}

// -- dates

function dates() {
  const period = $("period").value;
  $("dates").hidden = period !== "dates";
  if (period === "dates") return { since: $("since").value, until: $("until").value };
  if (!period) return {};
  return { since: localDay(Date.now() - (Number(period) - 1) * 86_400_000) };
}

/** A day as the program is asked for it: "2026-03-31". */
function localDay(at) {
  const date = new Date(at);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((each) => String(each).padStart(2, "0")).join("-");
}

/** Show what changed from one day to another, of all sources or one: {key, name}. */
export function filterByDates(since, until, source) {
  showOnly(source ? { source: source.key, label: t("Source:"), text: source.name } : {});
  $("period").value = "dates";
  $("since").value = since;
  $("until").value = until;
  search();
}
for (const id of ["period", "since", "until"]) $(id).addEventListener("change", search);

// -- order and columns

for (const head of HEADS)
  head.querySelector("button")?.addEventListener("click", () => {
    const column = head.dataset.column;
    const first = FIRST_DOWN.includes(column) ? `-${column}` : column;
    sort = sort === first ? (first === column ? `-${column}` : column) : first;
    showOrder();
    search();
  });

function showOrder() {
  for (const head of HEADS) {
    if (sort.replace("-", "") !== head.dataset.column) head.removeAttribute("aria-sort");
    else head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
  }
}

// A cookie, as it is sent to this machine alone whatever the port, which is another at each start.
const kept = document.cookie.split("; ").find((each) => each.startsWith("columns="))?.slice(8) ?? "";
const chosen = new Set(kept.split(".").filter((each) => BY_CHOICE.includes(each)));

for (const column of BY_CHOICE) {
  const box = el("input", { type: "checkbox", onchange: () => {
    if (box.checked) chosen.add(column);
    else chosen.delete(column);
    document.cookie = `columns=${[...chosen].join(".")}; SameSite=Strict; Path=/; Max-Age=31536000`;
    hideColumns(HEADS);
    for (const row of rows.values()) hideColumns(row.cells);
  } });
  box.checked = chosen.has(column);
  $("columns").append(el("label", {}, box, " ", LABELS[COLUMNS.indexOf(column)]));
}
hideColumns(HEADS);
showOrder();

function hideColumns(cells) {
  cells.forEach((cell, at) => (cell.hidden = BY_CHOICE.includes(COLUMNS[at]) && !chosen.has(COLUMNS[at])));
  $("files").classList.toggle("is-full", chosen.size > 2);
}

// -- a selection of several

function select(id, on) {
  if (on) selected.set(id, files.find((file) => file.id === id));
  else selected.delete(id);
  showSelected();
}

function showSelected() {
  for (const id of selected.keys()) if (!rows.has(id)) selected.delete(id);
  for (const [id, row] of rows) row.box.checked = selected.has(id);
  const some = [...selected.values()];
  $("selected").hidden = !some.length;
  put($("selected-count"), tn("1 selected", "{count} selected", some.length));
  const retried = some.filter((file) => file.can_retry).length;
  const ignored = some.filter((file) => file.can_ignore).length;
  $("selected-retry").disabled = !retried;
  $("selected-ignore").disabled = !ignored;
  put($("selected-retry"), retried ? tn("Retry 1 file", "Retry {count} files", retried) : t("Retry"));
  put($("selected-ignore"), ignored ? tn("Ignore 1 file", "Ignore {count} files", ignored) : t("Ignore"));
  $("all").checked = files.length > 0 && selected.size === files.length;
}

$("all").addEventListener("change", () => {
  for (const file of files) {
    if ($("all").checked) selected.set(file.id, file);
    else selected.delete(file.id);
  }
  showSelected();
});
$("selected-none").addEventListener("click", () => {
  selected.clear();
  showSelected();
  $("text").focus();
});
for (const what of ["retry", "ignore"])
  $(`selected-${what}`).addEventListener("click", () => busy($(`selected-${what}`), async () => {
    const fits = [...selected.values()].filter((file) => file[`can_${what}`]);
    await order(what, { ids: fits.map((file) => file.id) });
    selected.clear();
    showSelected();
    $("text").focus();
  }));

$("selected-show").addEventListener("click", () => busy($("selected-show"), () => openFolders({ ids: [...selected.keys()] })));

/** Open the folders of files; of many only some, as each is a window. */
export async function openFolders(which) {
  const done = await ask("/api/show", which);
  if (done.folders > done.shown)
    say(t("Opened only {shown} of {folders} folders, to avoid too many windows.", { shown: number(done.shown), folders: number(done.folders) }), "busy");
}

// -- one file

/** Show the details of a file. */
export async function openFile(id) {
  shown = id;
  try {
    await showDetails(id);
    if (!$("details").open) $("details").showModal();
  } catch (error) {
    shown = null;
    say(error.message, "bad");
  }
}

const COPIED = [t("Reference"), t("Profile"), t("Checksum")]; // what one click copies
const copied = (text, label, whole = text) => text && el("span", { title: whole }, text, copyButton(() => whole, t("Copy: {what}", { what: label })));

async function showDetails(id) {
  const file = await ask(`/api/files/${id}`);
  if (shown !== id) return;
  put($("d-name"), file.candidate || file.name);
  $("d-state").className = file.tone;
  put($("d-state"), `${file.sign} ${file.label}${file.remark ? ` · ${file.remark}` : ""}`);
  setLink($("d-link"), file);
  for (const what of ["retry", "ignore"]) {
    if (!file[`can_${what}`] && document.activeElement === $(`d-${what}`)) $("d-close").focus();
    $(`d-${what}`).hidden = !file[`can_${what}`];
  }
  const facts = [
    [t("Candidate"), [file.candidate, file.profile_email].filter(Boolean).join(" · ")],
    [t("File"), copied(shortPath(file.path), t("File"), file.path)], [t("Contained in"), file.container && fileLink(file.container)], [t("Source"), file.source], [t("Account"), file.account],
    [t("Tags"), file.tags],
    [t("Type"), [file.type, file.media_type].filter(Boolean).join(" · ")], [t("Size"), size(file.size)],
    [t("Time until uploaded"), duration(file.after)], [t("Upload time"), duration(file.took)],
    [t("Parsing time"), duration(file.parsing)], [t("Reference"), file.reference], [t("Profile"), file.profile],
    [t("Attempts"), file.attempts ? number(file.attempts) : ""],
    [t("Next attempt"), file.due_at && file.can_retry ? moment(file.due_at) : ""],
    [t("Moved to"), file.filed_to ?? ""], [t("Checksum"), file.sha256],
  ];
  replace($("d-facts"), factLines(facts.map(([label, text]) => [label, COPIED.includes(label) ? copied(text, label) : text])));
  $("d-inside").hidden = !file.parts.length;
  replace($("d-parts"), file.parts.map(partLine));
  replace($("d-story"), file.story.map(stepLine));
}

/** What became of a document inside a file. */
function partLine(part) {
  return el("li", { class: `is-${part.tone}` },
    el("span", { class: "sign", "aria-hidden": "true" }, part.sign),
    " ", fileLink(part), ` · ${part.label}`, part.remark ? el("small", {}, part.remark) : "");
}

/** A button that shows the details of another file. */
const fileLink = (file) => el("button", { type: "button", class: "link", onclick: async () => {
  await openFile(file.id);
  $("d-close").focus();
} }, file.name);

/** One step of a file's history. */
export function stepLine(step) {
  return el("li", { class: `is-${step.tone}` },
    el("time", {}, moment(step.at)), el("span", { class: "sign", "aria-hidden": "true" }, step.sign),
    ` ${step.label}`, step.why ? el("small", {}, step.why) : "");
}

$("details").addEventListener("close", () => {
  const id = shown;
  shown = null;
  if (location.hash.startsWith("#file/")) history.replaceState(null, "", "#activity");
  rows.get(id)?.open.focus();
});
for (const what of ["retry", "ignore"])
  $(`d-${what}`).addEventListener("click", () => busy($(`d-${what}`), async () => {
    const id = shown;
    await order(what, { ids: [id] });
    await showDetails(id);
  }));
$("d-show").addEventListener("click", () => busy($("d-show"), () => ask("/api/show", { id: shown })));

// -- as long as there is none

/** Say where CVs go, as long as there has not been any. */
export function showEmpty(now) {
  const isEmpty = now.is_set_up && now.watched.length > 0 && !now.held.length && !Object.values(now.groups).some(Boolean);
  $("at-activity").classList.toggle("is-empty", isEmpty);
  $("empty").hidden = !isEmpty;
  if (!isEmpty) return;
  const folder = (now.watched.find((each) => !each.problem) ?? now.watched[0]).path;
  put($("empty-text"), t("Drop CVs here, or into {folder}", { folder: shortPath(folder) }));
  $("empty-text").title = folder;
  $("empty-open").dataset.folder = folder;
}
$("empty-open").addEventListener("click", () => busy($("empty-open"), () => ask("/api/show", { folder: $("empty-open").dataset.folder })));
