// Folders and rules, what would happen to a file, and ending the watch of a folder.

import { chooseFiles, sendFile } from "./adding.js";
import { $, ask, busy, button, el, factLines, put, say, shortPath, size, t } from "./base.js";
import { AFTER_UPLOAD, KEYS, clearMistakes, listAfterUpload, listSources, lock, markMistake } from "./fields.js";
import { choose } from "./picker.js";

/** Show the folders as they are now. */
export async function showFolders() {
  try {
    const { folders } = await ask("/api/folders");
    $("folder-list").replaceChildren(...folders.map((folder) => folderBox(folder, new Set(folders.map((each) => each.account)).size > 1)));
    if (!folders.length) $("folder-list").append(el("p", { class: "quiet" }, t("No folder is watched.")));
  } catch (error) {
    say(error.message, "bad");
  }
}

/** The sources of an account with the stored key; none without it. */
async function askSources(account) {
  const found = await ask("/api/setup/key", { account, key: "" }).catch(() => null);
  return found?.sources ?? [];
}

function folderBox(folder, hasAccounts) {
  const edit = button(t("Edit"), () => editFolder(folder, box, edit));
  const add = button(t("Add files…"), () => chooseFiles(add, folder.real));
  const open = button(t("Open folder"), () => ask("/api/show", { folder: folder.real }));
  const stop = button(t("Stop watching…"), () => confirmStop(folder.path, stop, async () => {
    await showFolders();
    $("h-folders").focus();
  }));
  const facts = [
    [t("Source"), folder.source], [t("Account"), hasAccounts ? folder.account : ""], [t("Tags"), folder.tags],
    [t("Subfolders"), folder.recursive ? t("included") : t("not included")],
    [t("After upload"), AFTER_UPLOAD[folder.after_upload]],
    [t("Maximum file size"), folder.max_size ? size(folder.max_size) : ""],
  ];
  const box = el("article", { class: "box", "data-path": folder.path, "data-drop": folder.problem ? null : folder.real }, el("h3", { title: folder.path }, shortPath(folder.path)), folder.problem ? el("p", { class: "bad" }, `✗ ${folder.problem}`) : "", el("dl", {}, ...factLines(facts)));
  if (folder.rules.length) box.append(el("h4", {}, t("Rules (the first match applies)")), el("ol", {}, ...folder.rules.map(ruleLine)));
  box.append(el("p", { class: "acts" }, edit, folder.problem ? "" : add, open, stop));
  return box;
}

// -- a folder's settings, changed in place

/** Show a form in place of what a folder's box says. */
async function editFolder(folder, box, opener) {
  const known = (await ask("/api/setup")).folders.find((each) => each.place === folder.real);
  if (!known) throw new Error(t("{folder} is no longer watched.", { folder: shortPath(folder.path) }));
  const sources = await askSources(folder.account);
  const inputs = {
    source: sources.length ? el("select") : el("input", { autocomplete: "off", spellcheck: "false", value: known.source }),
    tags: el("input", { autocomplete: "off", value: known.tags, placeholder: "office=Paris, urgent=true" }),
    after_upload: el("select"),
  };
  listAfterUpload(inputs.after_upload, known.after_upload);
  if (sources.length) listSources(inputs.source, sources, known.source);
  for (const [name, input] of Object.entries(inputs)) lock(input, known.is_machine || known.locked.includes(KEYS[name]));
  const save = el("button", { class: "main" }, t("Save"));
  const cancel = el("button", { type: "button" }, t("Cancel"));
  const form = el("form", { class: "edit", novalidate: true }, el("label", {}, t("Source"), inputs.source),
    el("label", {}, t("Tags"), inputs.tags), el("label", {}, t("After upload"), inputs.after_upload), el("p", { class: "acts" }, save, cancel));
  const rest = [...box.children].slice(1);
  const close = () => {
    form.remove();
    for (const each of rest) each.hidden = false;
    opener.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(save, () => saveFolder(folder, form, inputs, sources));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  cancel.addEventListener("click", close);
  for (const each of rest) each.hidden = true;
  box.append(form);
  Object.values(inputs).find((input) => !input.disabled && !input.readOnly)?.focus();
}

async function saveFolder(folder, form, inputs, sources) {
  clearMistakes(form);
  const source = inputs.source.value.trim();
  const values = { source, source_name: sources.find((each) => each.key === source)?.name ?? "", tags: inputs.tags.value, after_upload: inputs.after_upload.value };
  let saved;
  try {
    saved = await ask("/api/setup/folder", { folder: folder.path, ...values });
  } catch (error) {
    const input = inputs[error.field];
    if (!input) throw error;
    markMistake(input, error.message);
    input.focus();
    return;
  }
  if (saved.problem) throw new Error(saved.problem);
  await showFolders();
  say([`${t("Saved and active")}.`, ...saved.warnings].join(" "));
  const boxes = [...$("folder-list").children];
  boxes.find((box) => box.dataset.path === folder.path)?.querySelector(".acts button").focus();
}

function ruleLine(rule) {
  const matches = [rule.match, ...rule.media_types, rule.min_size ? `≥ ${size(rule.min_size)}` : "", rule.max_size ? `≤ ${size(rule.max_size)}` : ""];
  const effects = rule.ignore ? [t("ignored")] : [rule.source ? `${t("Source")} ${rule.source}` : "", rule.tags, rule.reference ? `${t("Reference")} ${rule.reference}` : ""];
  return el("li", {}, el("code", {}, matches.filter(Boolean).join(" · ")), " → ", effects.filter(Boolean).join(" · "));
}

// -- what can be asked for

$("rescan").addEventListener("click", () => busy($("rescan"), async () => {
  await ask("/api/rescan", {});
  say(t("All folders are being rescanned."));
}));

$("check-choose").addEventListener("click", () => busy($("check-choose"), () => choose($("check-choose"), {
  files: true,
  from: $("check-path").value.replace(/[/\\][^/\\]*$/, "") || $("folder-list").firstElementChild?.dataset.path,
  take: (path) => {
    $("check-path").value = path;
    $("check").requestSubmit();
  },
})));
$("check").addEventListener("submit", (event) => {
  event.preventDefault();
  judge(async () => [await ask("/api/check", { path: $("check-path").value })]);
});
$("check").addEventListener("drop", ({ dataTransfer: { files: [file] } }) => {
  if (file) judge(async () => (await sendFile("/api/check/dropped", { name: file.name }, file)).verdicts);
});

/** Show what would happen to a file: in the folder that it is in, or in each. */
async function judge(find) {
  try {
    $("verdict").replaceChildren(...(await find()).flatMap(verdictLines));
  } catch (error) {
    $("verdict").replaceChildren(el("p", { class: "bad" }, error.message));
  }
}

function verdictLines(verdict) {
  const facts = [
    [t("File"), shortPath(verdict.file)], [t("Type"), verdict.what ? `${verdict.what} (${verdict.media_type})` : ""], [t("Size"), verdict.size == null ? "" : size(verdict.size)],
    [t("Rule"), verdict.rule ? String(verdict.rule) : ""], ...Object.entries(verdict.fields ?? {}).map(([name, value]) => [name, String(value)]),
  ];
  return [
    verdict.folder ? el("h4", {}, t("In {folder}", { folder: shortPath(verdict.folder) })) : "",
    el("p", { class: `verdict ${verdict.good ? "good" : "busy"}` }, verdict.good ? `✓ ${t("Would be uploaded")}` : `· ${t("Would not be uploaded")}`),
    el("p", {}, verdict.sentence), ...verdict.inside.map((sentence) => el("p", {}, sentence)),
    el("details", {}, el("summary", {}, t("Details")), el("dl", {}, ...factLines(facts))),
  ];
}

// -- ending the watch of a folder: what that changes is shown first

let stopping = null; // the folder in question, the button that asks, and what to do afterwards

/** Ask whether to stop watching a folder; `done` is called once that is so. */
export async function confirmStop(folder, opener, done) {
  const { stays, difference } = await ask("/api/setup/leave", { folder });
  stopping = { folder, opener, done };
  put($("leave-title"), t("Stop watching {folder}?", { folder: shortPath(folder) }));
  put($("leave-stays"), stays);
  put($("leave-difference"), ...difference);
  $("leave").querySelector("details").open = false;
  $("leave").showModal();
}

$("leave-sure").addEventListener("click", () => busy($("leave-sure"), async () => {
  const { folder, done } = stopping;
  const { problem } = await ask("/api/setup/leave", { folder, sure: true }).finally(() => $("leave").close());
  if (problem) throw new Error(problem);
  document.dispatchEvent(new CustomEvent("left", { detail: folder }));
  say(t("{folder} is no longer watched.", { folder: shortPath(folder) }));
  await done();
}));
$("leave").addEventListener("close", () => {
  if (stopping?.opener.isConnected) stopping.opener.focus();
  stopping = null;
});
