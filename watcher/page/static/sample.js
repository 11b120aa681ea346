// The last step of the setup: a sample CV is uploaded, and the person sees what becomes of it.

import { $, ask, busy, el, put, rest, t } from "./base.js";
import { folderOption } from "./fields.js";
import { stepLine } from "./files.js";

const PATIENCE = 120_000; // milliseconds until it is no longer followed
let attempts = 0;

/** Offer it for these folders; it is hidden where nothing is watched yet. */
export function offerSample(folders) {
  $("test").hidden = !folders.length;
  $("label-test").hidden = folders.length < 2;
  const chosen = $("test-folder").value;
  $("test-folder").replaceChildren(...folders.map(folderOption));
  if (folders.includes(chosen)) $("test-folder").value = chosen;
}

$("test").addEventListener("submit", (event) => {
  event.preventDefault();
  busy($("test-send"), async () => {
    $("test-story").replaceChildren();
    $("test-file").hidden = true;
    show("", t("Uploading…"));
    try {
      await follow(await ask("/api/setup/test", { folder: $("test-folder").value }));
    } catch (error) {
      show("bad", `✗ ${error.message}`);
    }
  });
});

/** Show its state until the last one, or until PATIENCE is over. */
async function follow(dropped) {
  const mine = ++attempts;
  const end = performance.now() + PATIENCE;
  while (mine === attempts) {
    const found = await ask("/api/setup/tested", dropped);
    if (found.file) showFile(found);
    if (found.over && found.file.state !== "accepted") return;
    if (performance.now() > end) {
      if (!found.arrived) show("busy", t("The sample CV is still on its way; you can follow it in the list of files."));
      return;
    }
    await rest(500);
  }
}

function showFile({ file, arrived, waits }) {
  const end = arrived && file.tone === "good" ? t("The sample CV has arrived in {source}.", { source: file.source }) : file.remark;
  show(file.tone, [`${file.sign} ${file.label}`, end, waits].filter(Boolean).join(" · "));
  $("test-story").replaceChildren(...file.story.map(stepLine));
  $("test-file").href = `#file/${file.id}`;
  $("test-file").hidden = false;
  $("test-activity").hidden = false;
}

function show(tone, text) {
  $("tested").className = tone;
  put($("tested"), text);
}
