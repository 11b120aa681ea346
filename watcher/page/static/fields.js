// What forms share: mistakes beside their inputs, and lists of folders, of sources and of what follows an upload.

import { el, shortPath, t } from "./base.js";

let numbered = 0;
const idOf = (input) => `${(input.id ||= `field-${++numbered}`)}-mistake`;

/** Show what is wrong with an input beside it. */
export function markMistake(input, text) {
  const id = idOf(input);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  input.after(el("span", { class: "mistake", id }, text));
}

/** Remove what was shown in a form. */
export function clearMistakes(form) {
  for (const each of form.querySelectorAll(".mistake")) each.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    const described = input.getAttribute("aria-describedby").split(" ").filter((each) => each !== idOf(input));
    if (described.length) input.setAttribute("aria-describedby", described.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}

/** A watched folder in a list of them. */
export const folderOption = (path) => el("option", { value: path, title: path }, shortPath(path));

/** Let a source be chosen by its name; one that is `wanted` already stays, whether it is known or not. */
export function listSources(list, sources, wanted) {
  const options = sources.map((source) => el("option", { value: source.key }, source.note ? `${source.name} (${source.note})` : source.name));
  if (wanted && !sources.some((source) => source.key === wanted)) options.push(el("option", { value: wanted }, wanted));
  list.replaceChildren(el("option", { value: "" }, t("Choose…")), ...options);
  list.value = wanted;
}

// What is asked of a folder, and the keys of the configuration that may be locked.
export const KEYS = { source: "source_key", typed: "source_key", tags: "tags", after_upload: "after_upload" };

/** Show whether an input is set for this machine, and cannot be changed here. */
export function lock(input, locked) {
  if (input.tagName === "SELECT") input.disabled = Boolean(locked);
  else input.readOnly = Boolean(locked);
  input.title = locked ? t("Set by your administrator") : "";
}

export const AFTER_UPLOAD = { keep: t("Keep the file"), move: t("Move it to Sent"), trash: t("Put it in the trash") };

/** Let be chosen what is done with a file after its upload. */
export function listAfterUpload(list, wanted) {
  list.replaceChildren(...Object.entries(AFTER_UPLOAD).map(([value, text]) => el("option", { value }, text)));
  list.value = wanted;
}
