// The doctor's checks.

import { $, ask, el, put, t } from "./base.js";

let running = false;

/** Run the checks; that takes some seconds. */
export async function runChecks() {
  if (running) return;
  running = true;
  put($("examining"), t("Checking…"));
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
  running = false;
}
$("examine").addEventListener("click", runChecks);
