// Folders and rules in force, what would happen to a file, and health.

import { $, ask, busy, el, put, say, size, t } from "./base.js";
import { askToLeave } from "./leave.js";

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
  const show = el("button", { type: "button", onclick: () => busy(show, () => ask("/api/show", { folder: folder.real })) }, t("Open folder"));
  const leave = el("button", { type: "button", onclick: () => askToLeave(folder.path, leave, async () => {
    await showFolders();
    $("h-folders").focus();
  }) }, t("Watch it no more…"));
  const facts = [
    [t("Source"), folder.source], [t("Account"), folder.account], [t("Tags"), folder.tags],
    [t("Folders inside"), folder.recursive ? t("too") : t("not")],
    [t("A file that has arrived"), { keep: t("stays where it is"), move: t("moves to the folder Sent"), trash: t("goes to the trash") }[folder.after_upload]],
    [t("Largest file"), folder.max_size ? size(folder.max_size) : ""],
  ];
  const lines = facts.filter(([, text]) => text).flatMap(([label, text]) => [el("dt", {}, label), el("dd", {}, text)]);
  const box = el("article", { class: "box" }, el("h3", {}, folder.path), folder.problem ? el("p", { class: "bad" }, `✗ ${folder.problem}`) : "", el("dl", {}, ...lines));
  if (folder.rules.length) box.append(el("h4", {}, t("Rules; the first that fits decides")), el("ol", {}, ...folder.rules.map(ruleLine)));
  box.append(el("p", { class: "acts" }, show, leave));
  return box;
}

function ruleLine(rule) {
  const fits = [rule.match, ...rule.media_types, rule.min_size ? `≥ ${size(rule.min_size)}` : "", rule.max_size ? `≤ ${size(rule.max_size)}` : ""];
  const does = rule.ignore ? [t("ignored")] : [rule.source ? `${t("Source")} ${rule.source}` : "", rule.tags, rule.reference ? `${t("Reference")} ${rule.reference}` : ""];
  return el("li", {}, el("code", {}, fits.filter(Boolean).join(" · ")), " → ", does.filter(Boolean).join(" · "));
}

$("rescan").addEventListener("click", () => busy($("rescan"), async () => {
  await ask("/api/rescan", {});
  say(t("All folders are looked through."));
}));

$("check").addEventListener("submit", async (event) => {
  event.preventDefault();
  const place = $("verdict");
  try {
    const said = await ask("/api/check", { path: $("check-path").value });
    const lines = Object.entries(said.fields ?? {}).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]);
    const why = said.why ? ` · ${said.why}` : "";
    place.replaceChildren(
      el("p", { class: said.good ? "good" : "busy" }, `${said.good ? "✓" : "·"} ${said.verdict}${why}`),
      said.what ? el("p", { class: "quiet" }, `${said.what} · ${said.media_type} · ${size(said.size)}${said.rule ? ` · ${t("rule {number}", { number: said.rule })}` : ""}`) : "",
      el("dl", {}, ...lines),
    );
  } catch (error) {
    place.replaceChildren(el("p", { class: "bad" }, error.message));
  }
});

// -- health

let examining = false;
/** Ask the doctor; that takes some seconds. */
export async function examine() {
  if (examining) return;
  examining = true;
  put($("examining"), t("Looking…"));
  try {
    const { lines } = await ask("/api/health");
    $("lines").replaceChildren(...lines.map((line) => el("li", { class: `is-${line.tone}` },
      el("span", { class: "sign", "aria-hidden": "true" }, line.sign),
      el("span", { class: "hidden" }, t("{what}: {text}", { what: line.level, text: "" })),
      " ", el("b", {}, line.label), " ", line.text, line.mend ? el("small", {}, `→ ${line.mend}`) : "")));
    put($("examining"), "");
  } catch (error) {
    put($("examining"), error.message);
  }
  examining = false;
}
$("examine").addEventListener("click", examine);
