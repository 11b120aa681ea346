// The set-up: account and key, folders and sources, a look at what changes, and writing it.

import { $, ask, busy, el, put, say, t } from "./base.js";
import { askToLeave } from "./leave.js";
import { offerTest } from "./test.js";

let known = null;
let sources = [];

/** Show what is set up, to be changed; once, so that nothing that was typed gets lost. */
export async function showSetup() {
  if (known) return;
  try {
    known = await ask("/api/setup");
  } catch (error) {
    known = null;
    say(error.message, "bad");
    return;
  }
  $("account").replaceChildren(...known.accounts.map((each) => el("option", { value: each.name }, each.name)));
  $("label-account").hidden = known.accounts.length < 2;
  $("label-login").hidden = known.at_login;
  if (known.unkept) put($("about-key"), known.unkept);
  $("places").replaceChildren();
  for (const folder of known.folders) addPlace(folder, known.is_new && !folder.is_machine);
  $("another").hidden = known.has_locked_folders;
  offerTest(known.test);
  showAccount();
  $("setup").hidden = false; // not before: what is typed must not be overwritten
  if (!known.is_new && !sources.length) nameSources();
}

function showAccount() {
  const account = known.accounts.find((each) => each.name === $("account").value);
  $("email").value = account?.email ?? "";
  $("api-url").value = account?.api_url ?? "";
  lock($("email"), account?.locked?.includes("email"));
  lock($("api-url"), account?.locked?.includes("api_url"));
  if ($("api-url").value) $("api-url").closest("details").open = true;
}

/** Show what is set for this machine, and cannot be changed here. */
function lock(input, locked) {
  if (input.tagName === "SELECT") input.disabled = Boolean(locked);
  else input.readOnly = Boolean(locked);
  input.title = locked ? t("Set for this machine") : "";
}

function addPlace(folder, removable = true) {
  const place = $("place").content.cloneNode(true).firstElementChild;
  const part = (name) => place.querySelector(`[data-is="${name}"]`);
  part("path").value = folder.path;
  place.dataset.drawn = known && !known.is_new ? folder.path : ""; // what it was drawn from
  part("typed").value = folder.source;
  part("tags").value = folder.tags;
  part("after").value = folder.after_upload;
  lock(part("path"), folder.is_machine || known?.has_locked_folders);
  for (const name of ["source", "typed"]) lock(part(name), isLocked(folder, "source_key"));
  lock(part("tags"), isLocked(folder, "tags"));
  lock(part("after"), isLocked(folder, "after_upload"));
  part("remove").hidden = !removable;
  part("leave").hidden = removable || folder.is_machine;
  part("leave").addEventListener("click", () => askToLeave(folder.path, part("leave"), async () => {
    place.remove();
    offerTest((await ask("/api/setup")).test);
    $("another").focus();
  }));
  part("remove").addEventListener("click", () => {
    place.remove();
    $("another").focus();
  });
  $("places").append(place);
  offer(place);
  return place;
}

function isLocked(folder, key) {
  return known?.has_locked_folders || (folder.locked ?? known?.locked ?? []).includes(key);
}

/** Let a source be chosen by its name, once HrFlow has said which there are. */
function offer(place) {
  const list = place.querySelector('[data-is="source"]');
  const typed = place.querySelector('[data-is="typed"]');
  list.hidden = !sources.length;
  typed.hidden = sources.length > 0;
  if (!sources.length) return;
  const wanted = list.value || typed.value;
  const options = sources.map((source) => el("option", { value: source.key }, source.note ? `${source.name} (${source.note})` : source.name));
  if (wanted && !sources.some((source) => source.key === wanted)) options.push(el("option", { value: wanted }, wanted));
  list.replaceChildren(el("option", { value: "" }, t("Choose…")), ...options);
  list.value = wanted;
}

/** Have sources called by their names, with the key that is stored; without it they stay keys. */
async function nameSources() {
  const said = await ask("/api/setup/key", { ...account(), key: "" }).catch(() => null);
  if (!said || sources.length || document.activeElement?.dataset.is === "typed") return;
  sources = said.sources;
  document.querySelectorAll("#places .place").forEach(offer);
}

function account() {
  return { account: $("account").value, email: $("email").value.trim(), api_url: $("api-url").value.trim(), key: $("key").value };
}

function answers() {
  const folders = [...document.querySelectorAll("#places .place")].map((place) => {
    const part = (name) => place.querySelector(`[data-is="${name}"]`).value.trim();
    const source = sources.length ? part("source") : part("typed");
    const name = sources.find((each) => each.key === source)?.name ?? "";
    return { path: part("path"), drawn: place.dataset.drawn, source, source_name: name, tags: part("tags"), after_upload: part("after") };
  });
  return { ...account(), folders, at_login: $("login").checked };
}

async function attempt() {
  put($("tried"), t("Looking…"));
  try {
    const said = await ask("/api/setup/key", account());
    sources = said.sources;
    $("tried").className = "good";
    put($("tried"), said.unseen ? `· ${t("The key cannot be tried: it may only write.")}`
      : `✓ ${t("HrFlow takes the key.")}${said.team ? ` ${said.team}` : ""}`);
    document.querySelectorAll("#places .place").forEach(offer);
  } catch (error) {
    $("tried").className = "bad";
    put($("tried"), `✗ ${error.message}`);
  }
}

$("account").addEventListener("change", showAccount);
// A folder that was given up elsewhere on the page must not come back with what is saved here.
document.addEventListener("left", (event) => {
  for (const place of document.querySelectorAll("#places .place"))
    if (place.dataset.drawn === event.detail) place.remove();
});
$("try").addEventListener("click", () => busy($("try"), attempt));
$("another").addEventListener("click", () => {
  addPlace({ path: "", source: "", tags: "", after_upload: "keep" }).querySelector("input").focus();
});
$("plan").addEventListener("click", () => busy($("plan"), async () => {
  const said = await ask("/api/setup/plan", answers());
  const lines = [...said.difference, ...said.warnings.map((each) => `! ${each}`)];
  put($("difference"), ...(lines.length ? lines : [t("Nothing changes.")]));
  $("difference").hidden = false;
}));
$("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  busy($("save"), async () => {
    put($("saved"), "");
    const said = await ask("/api/setup/save", answers());
    $("key").value = "";
    known = null;
    await showSetup();
    if (said.problem) throw new Error(said.problem);
    put($("saved"), `✓ ${t("Saved; it is in force.")}`);
    $("difference").hidden = true;
    if (said.unkept) say(`${t("All is set up but for the key, which is not kept:")} ${said.unkept}`, "bad");
    else say([t("Saved; it is in force."), ...said.warnings].join(" "));
  });
});
