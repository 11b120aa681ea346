// Folders and rules, what would happen to a file, and ending the watch of a folder.

import { $, ask, busy, el, put, say, size, t } from "./base.js";

/** Show the folders as they are now. */
export async function showFolders() {
  try {
    const { folders } = await ask("/api/folders");
    $("folder-list").replaceChildren(...folders.map(folderBox));
    if (!folders.length) $("folder-list").append(el("p", { class: "quiet" }, t("No folder is watched.")));
  } catch (error) {
    say(error.message, "bad");
  }
}

function folderBox(folder) {
  const open = el("button", { type: "button", onclick: () => busy(open, () => ask("/api/show", { folder: folder.real })) }, t("Open folder"));
  const stop = el("button", { type: "button", onclick: () => confirmStop(folder.path, stop, async () => {
    await showFolders();
    $("h-folders").focus();
  }) }, t("Stop watching…"));
  const facts = [
    [t("Source"), folder.source], [t("Account"), folder.account], [t("Tags"), folder.tags],
    [t("Subfolders"), folder.recursive ? t("included") : t("not included")],
    [t("After upload"), { keep: t("keep the file"), move: t("move it to Sent"), trash: t("put it in the trash") }[folder.after_upload]],
    [t("Maximum file size"), folder.max_size ? size(folder.max_size) : ""],
  ];
  const lines = facts.filter(([, text]) => text).flatMap(([label, text]) => [el("dt", {}, label), el("dd", {}, text)]);
  const box = el("article", { class: "box" }, el("h3", {}, folder.path), folder.problem ? el("p", { class: "bad" }, `✗ ${folder.problem}`) : "", el("dl", {}, ...lines));
  if (folder.rules.length) box.append(el("h4", {}, t("Rules (the first match applies)")), el("ol", {}, ...folder.rules.map(ruleLine)));
  box.append(el("p", { class: "acts" }, open, stop));
  return box;
}

function ruleLine(rule) {
  const matches = [rule.match, ...rule.media_types, rule.min_size ? `≥ ${size(rule.min_size)}` : "", rule.max_size ? `≤ ${size(rule.max_size)}` : ""];
  const effects = rule.ignore ? [t("ignored")] : [rule.source ? `${t("Source")} ${rule.source}` : "", rule.tags, rule.reference ? `${t("Reference")} ${rule.reference}` : ""];
  return el("li", {}, el("code", {}, matches.filter(Boolean).join(" · ")), " → ", effects.filter(Boolean).join(" · "));
}

$("rescan").addEventListener("click", () => busy($("rescan"), async () => {
  await ask("/api/rescan", {});
  say(t("All folders are being rescanned."));
}));

$("check").addEventListener("submit", async (event) => {
  event.preventDefault();
  const place = $("verdict");
  try {
    const verdict = await ask("/api/check", { path: $("check-path").value });
    const lines = Object.entries(verdict.fields ?? {}).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]);
    const why = verdict.why ? ` · ${verdict.why}` : "";
    place.replaceChildren(
      el("p", { class: verdict.good ? "good" : "busy" }, `${verdict.good ? "✓" : "·"} ${verdict.verdict}${why}`),
      verdict.what ? el("p", { class: "quiet" }, `${verdict.what} · ${verdict.media_type} · ${size(verdict.size)}${verdict.rule ? ` · ${t("rule {number}", { number: verdict.rule })}` : ""}`) : "",
      el("dl", {}, ...lines),
    );
  } catch (error) {
    place.replaceChildren(el("p", { class: "bad" }, error.message));
  }
});

// -- ending the watch of a folder: what that changes is shown first

let stopping = null; // the folder in question, its button, and what to do afterwards

/** Ask whether to stop watching a folder; `done` is called once that is so. */
export function confirmStop(folder, button, done) {
  return busy(button, async () => {
    const { stays, difference } = await ask("/api/setup/leave", { folder });
    stopping = { folder, button, done };
    put($("leave-title"), t("Stop watching {folder}?", { folder }));
    put($("leave-stays"), stays);
    put($("leave-difference"), ...difference);
    $("leave").querySelector("details").open = false;
    $("leave").showModal();
  });
}

$("leave-sure").addEventListener("click", () => busy($("leave-sure"), async () => {
  const { folder, done } = stopping;
  const { problem } = await ask("/api/setup/leave", { folder, sure: true }).finally(() => $("leave").close());
  if (problem) throw new Error(problem);
  document.dispatchEvent(new CustomEvent("left", { detail: folder }));
  say(t("{folder} is no longer watched.", { folder }));
  await done();
}));
$("leave").addEventListener("close", () => {
  if (stopping?.button.isConnected) stopping.button.focus();
  stopping = null;
});
