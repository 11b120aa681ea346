// The set-up: account and key, folders and sources, a review of the changes, and saving them.

import { $, ask, busy, clearMessage, el, put, say, t } from "./base.js";
import { confirmStop } from "./folders.js";
import { offerSample } from "./sample.js";

const FIELDS = { email: $("email"), api_url: $("api-url"), key: $("key") };
let known = null;
let sources = [];

/** Show the current settings; not `again` by itself, so that nothing that was typed gets lost. */
export async function showSetup(again = false) {
  if (known && !again) return;
  try {
    known = await ask("/api/setup");
  } catch (error) {
    say(error.message, "bad");
    return;
  }
  $("account").replaceChildren(...known.accounts.map((each) => el("option", { value: each.name }, each.name)));
  $("label-account").hidden = known.accounts.length < 2;
  $("label-login").hidden = known.at_login;
  if (known.not_stored) put($("about-key"), known.not_stored);
  $("places").replaceChildren();
  for (const folder of known.folders) addPlace(folder, known.is_new && !folder.is_machine);
  $("another").hidden = known.has_locked_folders;
  offerSample(known.test);
  showAccount();
  $("setup").hidden = false; // not before: what is typed must not be overwritten
  if (!known.is_new && !sources.length) nameSources();
}

function showAccount() {
  const account = known.accounts.find((each) => each.name === $("account").value);
  for (const name of ["email", "api_url"]) {
    FIELDS[name].value = account?.[name] ?? "";
    lock(FIELDS[name], account?.locked?.includes(name));
  }
  if ($("api-url").value) $("api-url").closest("details").open = true;
}

/** Show whether an input is set for this machine, and cannot be changed here. */
function lock(input, locked) {
  if (input.tagName === "SELECT") input.disabled = Boolean(locked);
  else input.readOnly = Boolean(locked);
  input.title = locked ? t("Set for this machine") : "";
}

// -- folders

const part = (place, name) => place.querySelector(`[data-is="${name}"]`);
const places = () => [...document.querySelectorAll("#places .place")];
/** The input for a folder's source: a list once HrFlow has said which there are. */
const sourceInput = (place) => part(place, sources.length ? "source" : "typed");

function addPlace(folder, removable = true) {
  const place = $("place").content.cloneNode(true).firstElementChild;
  part(place, "path").value = folder.path;
  place.dataset.drawn = known.is_new ? "" : folder.path; // the folder that it shows, "" for a new one
  part(place, "typed").value = folder.source;
  part(place, "tags").value = folder.tags;
  part(place, "after_upload").value = folder.after_upload;
  const locked = folder.locked ?? known.locked;
  lock(part(place, "path"), folder.is_machine || known.has_locked_folders);
  for (const [name, key] of [["source", "source_key"], ["typed", "source_key"], ["tags", "tags"], ["after_upload", "after_upload"]])
    lock(part(place, name), known.has_locked_folders || locked.includes(key));
  part(place, "remove").hidden = !removable;
  part(place, "leave").hidden = removable || folder.is_machine;
  part(place, "leave").addEventListener("click", () => confirmStop(folder.path, part(place, "leave"), async () => {
    place.remove();
    offerSample((await ask("/api/setup")).test);
    $("another").focus();
  }));
  part(place, "remove").addEventListener("click", () => {
    place.remove();
    $("another").focus();
  });
  $("places").append(place);
  listSources(place);
  return place;
}

/** Let a source be chosen by its name, once it is known which there are. */
function listSources(place) {
  const list = part(place, "source");
  const typed = part(place, "typed");
  list.hidden = !sources.length;
  typed.hidden = sources.length > 0;
  if (!sources.length) return;
  const wanted = list.value || typed.value;
  const options = sources.map((source) => el("option", { value: source.key }, source.note ? `${source.name} (${source.note})` : source.name));
  if (wanted && !sources.some((source) => source.key === wanted)) options.push(el("option", { value: wanted }, wanted));
  list.replaceChildren(el("option", { value: "" }, t("Choose…")), ...options);
  list.value = wanted;
}

/** Ask for the sources' names with the stored key; without it they are shown by their keys. */
async function nameSources() {
  const found = await ask("/api/setup/key", { ...account(), key: "" }).catch(() => null);
  if (!found || sources.length || document.activeElement?.dataset.is === "typed") return;
  sources = found.sources;
  places().forEach(listSources);
}

// -- what the form says

function account() {
  return { account: $("account").value, email: $("email").value.trim(), api_url: $("api-url").value.trim(), key: $("key").value };
}

function answers() {
  const folders = places().map((place) => {
    const text = (name) => part(place, name).value.trim();
    const source = sourceInput(place).value.trim();
    const name = sources.find((each) => each.key === source)?.name ?? "";
    return { path: text("path"), drawn: place.dataset.drawn, source, source_name: name, tags: text("tags"), after_upload: text("after_upload") };
  });
  return { ...account(), folders, at_login: $("login").checked };
}

/** Send what the form says; the input that an error is about is marked, and gets the focus. */
async function send(path, values) {
  clearMessage();
  for (const input of $("setup").querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  try {
    return await ask(path, values);
  } catch (error) {
    const input = inputOf(error.field ?? "");
    input?.setAttribute("aria-invalid", "true");
    input?.focus();
    throw error;
  }
}

/** The input for a field, as the program calls it: "email", or "folders.0.path". */
function inputOf(field) {
  const [, number, name] = /^folders\.(\d+)\.(\w+)$/.exec(field) ?? [];
  if (!name) return FIELDS[field];
  const place = places()[number];
  return name === "source" ? sourceInput(place) : part(place, name);
}

$("account").addEventListener("change", showAccount);
// A folder that was removed elsewhere on the page must not come back with what is saved here.
document.addEventListener("left", (event) => {
  for (const place of places()) if (place.dataset.drawn === event.detail) place.remove();
});
$("another").addEventListener("click", () => {
  addPlace({ path: "", source: "", tags: "", after_upload: "keep" }).querySelector("input").focus();
});
$("try").addEventListener("click", () => busy($("try"), async () => {
  put($("tried"), t("Testing…"));
  try {
    const { team, sources: found, unseen } = await send("/api/setup/key", account());
    sources = found;
    $("tried").className = "good";
    put($("tried"), unseen ? `· ${t("Write-only keys can't be tested.")}`
      : `✓ ${team ? t("Key accepted (workspace {team})", { team }) : t("Key accepted")}`);
    places().forEach(listSources);
  } catch (error) {
    $("tried").className = "bad";
    put($("tried"), `✗ ${error.message}`);
  }
}));
$("plan").addEventListener("click", () => busy($("plan"), async () => {
  const { difference, warnings } = await send("/api/setup/plan", answers());
  const lines = [...difference, ...warnings.map((each) => `! ${each}`)];
  put($("difference"), ...(lines.length ? lines : [t("Nothing changes.")]));
  $("difference").hidden = false;
}));
$("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  busy($("save"), async () => {
    put($("saved"), "");
    const { problem, warnings, not_stored } = await send("/api/setup/save", answers());
    $("key").value = "";
    await showSetup(true);
    if (problem) throw new Error(problem);
    put($("saved"), `✓ ${t("Saved and active")}`);
    $("difference").hidden = true;
    if (not_stored) say(t("Everything is set up except the key, which is not stored: {why}", { why: not_stored }), "bad");
    else say([`${t("Saved and active")}.`, ...warnings].join(" "));
  });
});
