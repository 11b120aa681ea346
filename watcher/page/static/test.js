// The last step of the set-up: a made-up CV is sent, and one sees what becomes of it.

import { $, ask, busy, el, put, t } from "./base.js";
import { storyLine } from "./files.js";

const PATIENCE = 120_000; // milliseconds for which one looks on
let looked = 0;

/** Offer it for these folders; none where nothing is watched yet. */
export function offerTest(folders) {
  $("test").hidden = !folders.length;
  $("label-test").hidden = folders.length < 2;
  const chosen = $("test-folder").value;
  $("test-folder").replaceChildren(...folders.map((path) => el("option", { value: path }, path)));
  if (folders.includes(chosen)) $("test-folder").value = chosen;
}

$("test").addEventListener("submit", (event) => {
  event.preventDefault();
  busy($("test-send"), async () => {
    $("test-story").replaceChildren();
    $("test-file").hidden = true;
    show("", t("Looking…"));
    try {
      await follow(await ask("/api/setup/test", { folder: $("test-folder").value }));
    } catch (error) {
      show("bad", `✗ ${error.message}`);
    }
  });
});

/** Look on until it has come to its end, or for as long as somebody would. */
async function follow(dropped) {
  const mine = ++looked;
  const end = performance.now() + PATIENCE;
  for (let said = {}; mine === looked; ) {
    said = await ask("/api/setup/tested", dropped);
    if (said.file) showFile(said);
    if (said.over && said.file.state !== "accepted") return;
    if (performance.now() > end) {
      if (!said.arrived) show("busy", t("It is still on its way; the list of files shows what becomes of it."));
      return;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

function showFile({ file, arrived, waits }) {
  const end = arrived && file.tone === "good" ? t("It has arrived in {source}.", { source: file.source }) : file.remark;
  show(file.tone, [`${file.sign} ${file.label}`, end, waits].filter(Boolean).join(" · "));
  $("test-story").replaceChildren(...file.story.map(storyLine));
  $("test-file").href = `#file/${file.id}`;
  $("test-file").hidden = false;
}

function show(tone, text) {
  $("tested").className = tone;
  put($("tested"), text);
}
