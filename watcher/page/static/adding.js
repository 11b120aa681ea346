// Files that are dropped onto the page, or chosen: copies are put into a watched folder, with their progress.

import { $, ask, el, number, put, say, shortPath, t, tn } from "./base.js";
import { folderOption } from "./fields.js";

const PIECE = 1_000_000; // bytes of one request
const SHOWN = 3; // reasons in the message at the end
let folders = []; // that files can be added to: their paths
let opener = null; // of the dialog
let isAdding = false;
let isCancelled = false;

/** The watched folders as they are now. */
export function setTargets(watched) {
  folders = watched.filter((each) => !each.problem).map((each) => each.path);
  $("add").hidden = !folders.length;
}

// -- dropping: onto a folder's box, or anywhere on the list of files, where the folders are then offered

const target = (event) => event.target.closest?.("[data-drop], #check");
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault(); // the browser would open the file in place of this page
  if (!$("at-activity").hidden && folders.length && !document.querySelector("dialog[open]")) offer();
  mark(target(event));
  event.dataTransfer.dropEffect = target(event) ? "copy" : "none";
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) endDrag();
});
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const folder = target(event)?.dataset.drop;
  endDrag();
  if (folder) run(async () => addAll(await dropped(event.dataTransfer), folder));
});

/** Show where files can be dropped. */
function offer() {
  if (!$("drop").hidden) return;
  $("drop").replaceChildren(...folders.map((path) => el("div", { "data-drop": path }, el("b", {}, t("Drop here to add to {folder}", { folder: lastOf(path) })), el("small", { title: path }, shortPath(path)))));
  $("drop").hidden = false;
}

function mark(place) {
  for (const each of document.querySelectorAll(".is-target")) if (each !== place) each.classList.remove("is-target");
  place?.classList.add("is-target");
}

function endDrag() {
  $("drop").hidden = true;
  mark(null);
}

const lastOf = (path) => path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;

/** The files of a drop, each with its path: what is in folders, too. */
function dropped(transfer) {
  // Entries have to be asked for before anything else is waited for.
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry());
  return Promise.all(entries.filter(Boolean).map((entry) => walk(entry, ""))).then((found) => found.flat());
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) return [{ path, file: await new Promise((done, fail) => entry.file(done, fail)) }];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail)); // a hundred at a time
    if (!some.length) return found;
    for (const each of some) found.push(...(await walk(each, `${path}/`)));
  }
}

// -- choosing: the same by keyboard

/** Let files, or a folder with files, be chosen for a watched folder. */
export function chooseFiles(button, folder = folders[0]) {
  opener = button;
  $("add-folder").replaceChildren(...folders.map(folderOption));
  $("add-folder").value = folder;
  $("add-dialog").showModal();
}

$("add").addEventListener("click", () => chooseFiles($("add")));
for (const kind of ["files", "directory"]) {
  $(`add-${kind}`).addEventListener("click", () => $(`chosen-${kind}`).click());
  $(`chosen-${kind}`).addEventListener("change", () => {
    const chosen = [...$(`chosen-${kind}`).files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    $(`chosen-${kind}`).value = ""; // so that the same can be chosen again
    const folder = $("add-folder").value;
    $("add-dialog").close();
    run(() => addAll(chosen, folder));
  });
}
$("add-dialog").addEventListener("close", () => opener?.focus());

// -- adding

async function run(work) {
  if (isAdding) {
    say(t("Wait until the files before these have been added."), "busy");
    return;
  }
  isAdding = true;
  isCancelled = false;
  try {
    await work();
  } catch (error) {
    say(error.message, "bad");
  } finally {
    isAdding = false;
    $("adding").hidden = true;
  }
}

async function addAll(chosen, folder) {
  const bytes = chosen.reduce((sum, { file }) => sum + file.size, 0);
  const problems = [];
  let added = 0;
  let before = 0; // bytes of the files that are done
  $("adding").hidden = false;
  for (const [at, { path, file }] of chosen.entries()) {
    put($("adding-text"), t("Adding file {number} of {count} to {folder}…", { number: number(at + 1), count: number(chosen.length), folder: lastOf(folder) }));
    const problem = await addOne(folder, path, file, (done) => ($("adding-bar").value = (before + done) / (bytes || 1)));
    if (isCancelled) break;
    if (problem) problems.push(problem);
    else added += 1;
    before += file.size;
  }
  tell(added, problems, folder);
}

/** Add a file, and return why it was not added; "" if it was. */
async function addOne(folder, name, file, show) {
  const about = { folder, name };
  try {
    const done = await sendFile("/api/add", about, file, async (bytes, part) => {
      show(bytes);
      if (isCancelled && part) await ask("/api/add/cancel", { ...about, size: file.size, part });
      return !isCancelled;
    });
    return done.left_out ?? "";
  } catch (error) {
    return error.message;
  }
}

/** Send a file in pieces and return the last answer; `goesOn` hears of each, and may end it. */
export async function sendFile(path, about, file, goesOn = () => true) {
  let done = {};
  for (let offset = 0; offset < file.size || !offset; offset += PIECE) {
    const piece = await file.slice(offset, offset + PIECE).arrayBuffer().catch(() => {
      throw new Error(t("{file} can't be read.", { file: about.name }));
    });
    const query = { ...about, size: file.size, modified: Math.max(0, file.lastModified), part: done.part ?? "", offset };
    done = await ask(`${path}?${new URLSearchParams(query)}`, piece);
    if (done.left_out || !(await goesOn(Math.min(offset + PIECE, file.size), done.part))) break;
  }
  return done;
}

function tell(added, problems, folder) {
  const name = lastOf(folder);
  const said = added || !problems.length ? [tn("1 file was added to {folder}.", "{count} files were added to {folder}.", added, { folder: name })] : [];
  if (problems.length) said.push(tn("1 file was not added:", "{count} files were not added:", problems.length), problems.slice(0, SHOWN).join(" "));
  if (problems.length > SHOWN) said.push("…");
  say(said.join(" "), problems.length ? "bad" : "good");
}

$("adding-cancel").addEventListener("click", () => (isCancelled = true));
addEventListener("beforeunload", (event) => isAdding && event.preventDefault());
