// The list of files: search, filters, pages, a selection of several, and the details of one.

import { $, ask, busy, duration, el, moment, number, put, safe, say, size, t, tn, when } from "./base.js";
import { order } from "./undo.js";

const COLUMNS = ["selected", "state", "when", "name", "candidate", "source", "tags", "type", "size", "took", "reference", "profile"];
const LABELS = [...document.querySelectorAll("#files th")].map((each) => each.textContent.trim());
const rows = new Map(); // id → its line and what it shows
const selected = new Map(); // id → the file
let files = [];
let pages = [""]; // where each page begins, up to the one that is shown
let next = null;
let requests = 0;
let shown = null; // the file in the dialog
let reason = {}; // what only files with the same reason have: `cause`, or `why`; and its `text`

// -- the list

function query(more = {}) {
  const wanted = { text: $("text").value.trim(), state: $("state").value, folder: $("folder").value,
    cause: reason.cause, why: reason.why, ...more };
  return new URLSearchParams(Object.entries(wanted).filter(([, value]) => value)).toString();
}

/** Show the page again as it is now; `page` is what was read of it already. */
export async function refresh(page) {
  const mine = ++requests;
  const read = page ?? (await ask(`/api/files?${query({ before: pages.at(-1) })}`));
  if (mine !== requests) return; // a later request is on its way
  files = read.files;
  next = read.next;
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
  $("newer").disabled = pages.length < 2;
  $("older").disabled = !next;
  put($("where"), files.length ? t("Page {page}", { page: number(pages.length) }) : "");
  $("csv").href = `/api/files.csv?${query()}`;
  showSelected();
}

function newRow(file) {
  const cells = COLUMNS.map((column, at) => el("td", { role: "cell", class: `c-${column}`, "data-label": LABELS[at] }));
  const box = el("input", { type: "checkbox", onchange: () => select(file.id, box.checked) });
  const name = el("button", { type: "button", class: "link", onclick: () => openFile(file.id) });
  cells[0].append(box);
  cells[1].append(el("span", { class: "sign", "aria-hidden": "true" }), " ", el("span"), el("small"));
  cells[3].append(name);
  const row = { line: el("tr", { role: "row" }, ...cells), cells, box, name };
  rows.set(file.id, row);
  return row;
}

function fill(row, file) {
  row.file = file;
  row.line.className = `is-${file.tone}`;
  row.box.checked = selected.has(file.id);
  row.box.setAttribute("aria-label", safe(t("Select {file}", { file: file.name })));
  const [sign, label, remark] = row.cells[1].querySelectorAll("span, small");
  put(sign, file.sign);
  put(label, file.label);
  put(remark, file.remark);
  put(row.name, file.name);
  row.name.title = safe(file.path);
  const took = duration(file.took);
  const texts = { candidate: file.candidate, source: file.source, tags: file.tags, type: short(file.type),
    size: size(file.size), took, reference: file.reference, profile: file.profile, when: when(file.changed_at) };
  COLUMNS.forEach((column, at) => {
    if (!(column in texts)) return;
    const cell = row.cells[at];
    put(cell, texts[column]);
    cell.title = cell.textContent;
  });
}

function short(type) {
  return type.replace(/^.*[/.]/, "").replace("document", "docx").replace("msword", "doc");
}

let typing;
function search() {
  pages = [""];
  refresh().catch((error) => say(error.message, "bad"));
}
$("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 120);
});
$("state").addEventListener("change", () => {
  setReason({});
  search();
});
$("reason-none").addEventListener("click", () => {
  filterBy($("state").value);
  $("text").focus();
});
$("folder").addEventListener("change", search);
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
$("older").addEventListener("click", () => turn(() => pages.push(next)));
$("newer").addEventListener("click", () => turn(() => pages.pop()));

async function turn(step) {
  step();
  await refresh().catch((error) => say(error.message, "bad"));
  $("files").scrollIntoView({ block: "start" });
}

/** Filter by a group of states, or by a reason: {cause or why, text}. */
export function filterBy(group, wanted = {}) {
  $("state").value = ["refused", "parse_failed"].includes(group) ? "attention" : group;
  setReason(wanted);
  $("text").value = "";
  $("folder").value = "";
  search();
}

function setReason(wanted) {
  reason = wanted;
  $("reason").hidden = !wanted.text;
  put($("reason-text"), wanted.text ?? "");
}

/** The folders that can be filtered by. */
export function setFolders(paths) {
  const place = $("folder");
  const before = [...place.options].slice(1).map((each) => each.value);
  if (before.join("\n") === paths.join("\n")) return;
  const value = place.value;
  place.replaceChildren(place.options[0], ...paths.map((path) => el("option", { value: path }, path)));
  place.value = paths.includes(value) ? value : "";
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
    say(t("Opened {shown} of {folders} folders; more would be too many windows.", { shown: number(done.shown), folders: number(done.folders) }), "busy");
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

async function showDetails(id) {
  const file = await ask(`/api/files/${id}`);
  if (shown !== id) return;
  put($("d-name"), file.name);
  $("d-state").className = file.tone;
  put($("d-state"), `${file.sign} ${file.label}${file.remark ? ` · ${file.remark}` : ""}`);
  $("d-retry").disabled = !file.can_retry;
  $("d-ignore").disabled = !file.can_ignore;
  const facts = [
    [t("Candidate"), [file.candidate, file.profile_email].filter(Boolean).join(" · ")],
    [t("Folder"), file.path], [t("Source"), file.source], [t("Account"), file.account],
    [t("Tags"), file.tags], [t("Type"), file.type], [t("Size"), size(file.size)],
    [t("Arrived after"), duration(file.after)], [t("Upload took"), duration(file.took)],
    [t("Parsing took"), duration(file.parsing)], [t("Reference"), file.reference], [t("Profile"), file.profile],
    [t("Attempts"), file.attempts ? number(file.attempts) : ""],
    [t("Next attempt"), file.due_at && file.can_retry ? moment(file.due_at) : ""],
    [t("Moved to"), file.filed_to ?? ""], [t("Fingerprint"), file.sha256],
  ];
  const lines = facts.filter(([, text]) => text).flatMap(([label, text]) => [el("dt", {}, label), el("dd", {}, text)]);
  replace($("d-facts"), lines);
  replace($("d-story"), file.story.map(stepLine));
}

/** One step of a file's history. */
export function stepLine(step) {
  return el("li", { class: `is-${step.tone}` },
    el("time", {}, moment(step.at)), el("span", { class: "sign", "aria-hidden": "true" }, step.sign),
    ` ${step.label}`, step.why ? el("small", {}, step.why) : "");
}

/** Replace the lines in a place, if they are others. */
function replace(place, lines) {
  const before = [...place.children].map((each) => each.textContent).join("\n");
  if (before !== lines.map((each) => each.textContent).join("\n")) place.replaceChildren(...lines);
}

$("details").addEventListener("close", () => {
  const id = shown;
  shown = null;
  if (location.hash.startsWith("#file/")) history.replaceState(null, "", "#activity");
  rows.get(id)?.name.focus();
});
for (const what of ["retry", "ignore"])
  $(`d-${what}`).addEventListener("click", () => busy($(`d-${what}`), async () => {
    const id = shown;
    await ask(`/api/${what}`, { ids: [id] });
    await showDetails(id);
  }));
$("d-show").addEventListener("click", () => busy($("d-show"), () => ask("/api/show", { id: shown })));
