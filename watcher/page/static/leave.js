// Watching a folder no more: what that changes is shown first, and nothing is done without a yes.

import { $, ask, busy, put, say, t } from "./base.js";

let asked = null; // what is in question: the folder, its button, and what to do afterwards

/** Ask whether a folder is to be watched no more; `done` is called once it is not. */
export function askToLeave(folder, button, done) {
  return busy(button, async () => {
    const said = await ask("/api/setup/leave", { folder });
    asked = { folder, button, done };
    put($("leave-title"), t("Watch {folder} no more?", { folder }));
    put($("leave-stays"), said.stays);
    put($("leave-difference"), ...said.difference);
    $("leave").querySelector("details").open = false;
    $("leave").showModal();
  });
}

$("leave-sure").addEventListener("click", () => busy($("leave-sure"), async () => {
  const { folder, done } = asked;
  const said = await ask("/api/setup/leave", { folder, sure: true }).finally(() => $("leave").close());
  if (said.problem) throw new Error(said.problem);
  document.dispatchEvent(new CustomEvent("left", { detail: folder }));
  say(t("{folder} is not watched any more.", { folder }));
  await done();
}));
$("leave").addEventListener("close", () => {
  if (asked?.button.isConnected) asked.button.focus();
  asked = null;
});
