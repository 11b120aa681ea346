// The folder picker: walks the disk of the machine that the program runs on.

import { $, ask, busy, button, el, put, t } from "./base.js";

let asked = null; // what is chosen for: { files, take, opener }
let shown = null; // the directory, as the program lists it

/** Let a folder be chosen, or with `files` a file; `take` is called with its path. */
export async function choose(opener, { from = "", files = false, take }) {
  asked = { opener, files, take };
  put($("picker-title"), files ? t("Choose a file") : t("Choose a folder"));
  $("picker-take").hidden = files;
  try {
    await list(from);
  } catch {
    await list(""); // it does not exist yet: begin at home
  }
  $("picker").showModal();
  focusFirst();
}

async function list(path) {
  const query = new URLSearchParams({ path, ...(asked.files ? { files: "1" } : {}) });
  shown = await ask(`/api/directories?${query}`);
  put($("picker-path"), shown.path);
  $("picker-up").disabled = !shown.parent;
  $("picker-drives").replaceChildren(...(shown.drives.length > 1 ? shown.drives.map((drive) => button(drive, () => go(drive))) : []));
  $("picker-list").replaceChildren(
    ...shown.directories.map((name) => line(`${name}${shown.separator}`, () => go(within(name)))),
    ...shown.files.map((name) => line(name, () => finish(within(name)))),
  );
  const isEmpty = !shown.directories.length && !shown.files.length;
  put($("picker-note"), !shown.is_whole ? t("Not everything is listed; the path can also be typed.") : isEmpty ? t("There are no folders here.") : "");
}

/** The path of an entry of the directory that is shown. */
const within = (name) => `${shown.path}${shown.path.endsWith(shown.separator) ? "" : shown.separator}${name}`;

const line = (text, work) => el("li", {}, button(text, work));

async function go(path) {
  try {
    await list(path);
  } catch (error) {
    put($("picker-note"), error.message);
    return;
  }
  focusFirst();
}

/** The first entry, or what can be done with an empty folder. */
function focusFirst() {
  ($("picker-list").querySelector("button") ?? ($("picker-take").hidden ? $("picker-up") : $("picker-take"))).focus();
}

function finish(path) {
  $("picker").close();
  asked.take(path);
}

$("picker-up").addEventListener("click", () => busy($("picker-up"), () => go(shown.parent)));
$("picker-take").addEventListener("click", () => finish(shown.path));
$("picker").addEventListener("close", () => asked.opener.focus());
