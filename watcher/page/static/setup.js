// The setup: account and key, folders and sources, a review of the changes, and saving them.

import { $, ask, busy, clearMessage, el, factLines, put, say, t } from "./base.js";
import { KEYS, clearMistakes, listAfterUpload, listSources, lock, markMistake } from "./fields.js";
import { confirmStop } from "./folders.js";
import { choose } from "./picker.js";
import { offerSample } from "./sample.js";

const STEPS = [$("step-account"), $("step-folders"), $("step-write")];
const FIELDS = { email: $("email"), api_url: $("api-url"), key: $("key") };
let known = null;
let sources = [];
let step = 0; // of a first setup, whose steps come one after the other

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
  else if (known.is_new) put($("about-key"), t("The key is stored in the system's keyring and nowhere else."));
  $("places").replaceChildren();
  for (const folder of known.folders) addPlace(folder, known.is_new && !folder.is_machine);
  $("another").hidden = known.has_locked_folders;
  offerSample(known.test);
  showAccount();
  showStep(0);
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
  listAfterUpload(part(place, "after_upload"), folder.after_upload);
  const locked = folder.locked ?? known.locked;
  lock(part(place, "path"), folder.is_machine || known.has_locked_folders);
  for (const [name, key] of Object.entries(KEYS)) lock(part(place, name), known.has_locked_folders || locked.includes(key));
  part(place, "choose").hidden = part(place, "path").readOnly;
  part(place, "choose").addEventListener("click", () => busy(part(place, "choose"), () => choose(part(place, "choose"), {
    from: part(place, "path").value, take: (path) => { part(place, "path").value = path; },
  })));
  part(place, "remove").hidden = !removable;
  part(place, "leave").hidden = removable || folder.is_machine;
  part(place, "leave").addEventListener("click", () => busy(part(place, "leave"), () => confirmStop(folder.path, part(place, "leave"), async () => {
    place.remove();
    offerSample((await ask("/api/setup")).test);
    $("another").focus();
  })));
  part(place, "remove").addEventListener("click", () => {
    place.remove();
    $("another").focus();
  });
  $("places").append(place);
  nameSource(place);
  return place;
}

/** Let the source of a folder be chosen by its name, once it is known which there are. */
function nameSource(place) {
  const list = part(place, "source");
  const typed = part(place, "typed");
  list.hidden = !sources.length;
  typed.hidden = sources.length > 0;
  if (sources.length) listSources(list, sources, list.value || typed.value);
}

/** Ask for the sources' names with the stored key; without it they are shown by their keys. */
async function nameSources() {
  const found = await ask("/api/setup/key", { ...account(), key: "" }).catch(() => null);
  if (!found || sources.length || document.activeElement?.dataset.is === "typed") return;
  sources = found.sources;
  places().forEach(nameSource);
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

/** Send what the form says; a mistake is shown beside its input, which gets the focus. */
async function send(path, values, otherwise = null) {
  clearMessage();
  clearMistakes($("setup"));
  try {
    return await ask(path, values);
  } catch (error) {
    const input = inputOf(error.field ?? "") ?? otherwise;
    if (!input) throw error;
    step = Math.max(0, STEPS.indexOf(input.closest(".step")));
    if (known.is_new) showStep(step);
    markMistake(input, error.message);
    input.closest("details")?.setAttribute("open", "");
    input.focus();
    throw Object.assign(error, { isShown: true });
  }
}

/** Whether nothing of a step is missing; what is missing is marked, and the first gets the focus. */
function isComplete(at) {
  clearMistakes($("setup"));
  const missing = [...STEPS[at].querySelectorAll("input, select")].filter((input) =>
    !input.hidden && !input.disabled && !input.readOnly && !input.value.trim() && MISSING[input.dataset.is ?? input.id]);
  for (const input of missing) markMistake(input, MISSING[input.dataset.is ?? input.id]);
  missing[0]?.focus();
  return !missing.length;
}

const MISSING = {
  email: t("Enter the email of your HrFlow account."),
  path: t("Enter the folder to watch."),
  source: t("Choose the source for this folder."),
  typed: t("Enter the key of the source."),
};

/** The input for a field, as the program calls it: "email", or "folders.0.path". */
function inputOf(field) {
  const [, number, name] = /^folders\.(\d+)\.(\w+)$/.exec(field) ?? [];
  if (!name) return FIELDS[field];
  const place = places()[number];
  return name === "source" ? sourceInput(place) : part(place, name);
}

// -- one step after the other, where nothing is set up yet

/** Show a step of a first setup, or all of them at once. */
function showStep(at) {
  step = at;
  $("setup").classList.toggle("first", known.is_new);
  $("welcome").hidden = !known.is_new;
  STEPS.forEach((each, number) => {
    each.hidden = known.is_new && number !== at;
    const item = $("steps").children[number];
    item.className = number < at ? "done" : "";
    if (number === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

/** Go on to the next step once this one has no mistakes, or back. */
async function turn(by) {
  const to = step + by;
  if (by > 0 && !isComplete(step)) return;
  if (by > 0 && step === 0) await testKey();
  if (to === 2) {
    showReview(await showChanges());
  }
  showStep(to);
  const first = to === 2 ? $("review") : [...STEPS[to].querySelectorAll("input, select")].find((input) => !input.readOnly && input.offsetParent);
  (first ?? $("h-setup")).focus();
  scrollTo({ top: 0 });
}

function showReview(warnings) {
  const facts = [[t("Account"), FIELDS.email.value]];
  for (const place of places()) {
    const source = sourceInput(place);
    facts.push([t("Folder"), part(place, "path").value], [t("Source"), source.selectedOptions?.[0].textContent ?? source.value],
      [t("Tags"), part(place, "tags").value], [t("After upload"), part(place, "after_upload").selectedOptions[0].textContent]);
  }
  for (const warning of warnings) facts.push([t("Note"), warning]);
  $("review").replaceChildren(...factLines(facts));
}

for (const button of document.querySelectorAll("[data-turn]"))
  button.addEventListener("click", () => attempt(button, () => turn(Number(button.dataset.turn))));

/** Do something for a click, where mistakes stand beside their inputs. */
function attempt(button, work) {
  return busy(button, async () => {
    try {
      await work();
    } catch (error) {
      if (!error.isShown) throw error;
    }
  });
}

$("account").addEventListener("change", showAccount);
// A folder that was removed elsewhere on the page must not come back with what is saved here.
document.addEventListener("left", (event) => {
  for (const place of places()) if (place.dataset.drawn === event.detail) place.remove();
});
$("another").addEventListener("click", () => {
  addPlace({ path: "", source: "", tags: "", after_upload: "keep" }).querySelector("input").focus();
});
/** Ask HrFlow whose key it is; then its sources can be chosen by name. */
async function testKey() {
  put($("tried"), t("Testing…"));
  $("tried").className = "quiet";
  put($("workspace"), "");
  try {
    const { team, sources: found, unseen } = await send("/api/setup/key", account(), FIELDS.key);
    sources = found;
    $("tried").className = "good";
    put($("tried"), unseen ? `· ${t("Write-only keys can't be tested.")}`
      : `✓ ${team ? t("Key accepted (workspace \"{team}\")", { team }) : t("Key accepted")}`);
    put($("workspace"), $("tried").textContent);
    places().forEach(nameSource);
  } catch (error) {
    put($("tried"), "");
    throw error;
  }
}

async function showChanges() {
  const { difference, warnings } = await send("/api/setup/plan", answers());
  const lines = [...difference, ...warnings.map((each) => `! ${each}`)];
  put($("difference"), ...(lines.length ? lines : [t("No changes.")]));
  return warnings;
}

$("try").addEventListener("click", () => attempt($("try"), testKey));
$("plan").addEventListener("click", () => attempt($("plan"), async () => {
  await showChanges();
  $("difference").hidden = false;
}));
$("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  if (known.is_new && step < 2) {
    attempt(STEPS[step].querySelector('[data-turn="1"]'), () => turn(1));
    return;
  }
  attempt($("save"), async () => {
    put($("saved"), "");
    const isFirst = known.is_new;
    const { problem, warnings, not_stored } = await send("/api/setup/save", answers());
    $("key").value = "";
    await showSetup(true);
    if (problem) throw new Error(problem);
    put($("saved"), `✓ ${t("Saved and active")}`);
    $("difference").hidden = true;
    if (not_stored) say(t("Everything is set up except the key, which is not stored: {why}", { why: not_stored }), "bad");
    else say([`${t("Saved and active")}.`, ...warnings].join(" "));
    if (isFirst && !not_stored) showNext();
  });
});

/** After a first setup, show what comes next alone. */
function showNext() {
  if ($("test").hidden) return;
  $("setup").hidden = true;
  $("more-settings").hidden = false;
  $("h-test").focus();
}
$("show-settings").addEventListener("click", () => {
  $("setup").hidden = false;
  $("more-settings").hidden = true;
  $("email").focus();
});
