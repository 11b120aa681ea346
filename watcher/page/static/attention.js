// What needs attention: a card for each reason, with how many files, what to do, and the button for it.

import { $, ask, button, el, number, replace, start, t, tn } from "./base.js";
import { filterBy, openFolders } from "./files.js";
import { order } from "./undo.js";

// Cards before "Show all": where there is little room, the list comes first.
const SHOWN = matchMedia("(max-width: 40rem)").matches ? 1 : 3;
let reasons = start.reasons;
let isWhole = false;

/** Read again why files need attention by themselves. */
export async function refreshReasons() {
  reasons = (await ask("/api/attention")).reasons;
}

/** Show what needs attention, as `now` is. */
export function showAttention(now) {
  const notes = now.remarks.map((remark) => card(now.is_set_up ? "busy" : "bad", "", remark));
  if (!now.is_set_up && !now.remarks.length)
    notes.push(card("busy", "", t("Not set up yet"), "", el("a", { href: "#setup", class: "button main" }, t("Set up"))));
  for (const folder of now.watched) if (folder.problem) notes.push(card("bad", t("A folder can't be watched"), folder.problem, "", el("a", { href: "#folders", class: "button" }, t("Edit folders"))));
  const every = [...notes, ...now.held.map(heldCard), ...reasons.map(reasonCard)];
  const lines = isWhole ? every : every.slice(0, SHOWN);
  if (every.length > SHOWN) lines.push(whole(now, every.length));
  if (reasons.some((reason) => reason.can_retry))
    lines.push(el("p", { class: "quiet" }, t("A file that you correct and save again is uploaded automatically.")));
  replace($("held"), lines);
}

function whole(now, count) {
  const label = isWhole ? t("Show fewer") : t("Show all {count} reasons", { count: number(count) });
  return el("button", { type: "button", class: "link", onclick: () => {
    isWhole = !isWhole;
    showAttention(now);
    $("held").querySelector(":scope > button").focus();
  } }, label);
}

function card(tone, head, text, advice = "", ...acts) {
  const shown = acts.filter(Boolean);
  // No section: that would be a landmark, and cards may share a heading.
  return el("div", { class: `notice ${tone}`, role: "group", "aria-label": head || text },
    el("div", {}, head && el("h3", {}, head), el("p", {}, text.replace(/^\p{Ll}/u, (first) => first.toUpperCase())), advice && el("p", { class: "advice" }, advice)),
    shown.length ? el("div", { class: "acts" }, ...shown) : "");
}

const MAIN = { class: "main" };
const retryLabel = (files) => tn("Retry 1 file", "Retry {count} files", files);
const ignoreLabel = (files) => tn("Ignore 1 file", "Ignore {count} files", files);
const showLabel = (files) => tn("Show 1 file", "Show {count} files", files);

// What an approval covers, by what is asked.
const APPROVAL = {
  existing: t("Parsing uses paid credits."),
  burst: t("Parsing uses paid credits. Your approval also covers files that are added to this folder within the next hour."),
  monthly_limit: t("Your approval covers only what is waiting now."),
};

/** Files that one cause holds back, which is not theirs. */
function heldCard(hold) {
  const which = { cause: hold.key };
  const more = hold.files ? [
    button(ignoreLabel(hold.files), () => order("ignore", which)),
    button(showLabel(hold.files), () => filterBy("attention", { cause: hold.key, label: t("Reason:"), text: hold.why })),
    button(t("Open folder"), () => openFolders(which)),
  ] : [];
  if (hold.asks) {
    const upload = button(tn("Upload 1 file", "Upload all {count} files", hold.files), () => order("approve", which), MAIN);
    return card("busy", hold.title, hold.why, APPROVAL[hold.cause], upload, ...more);
  }
  const again = hold.files ? retryLabel(hold.files) : t("Retry");
  const retry = (attributes) => button(again, () => (hold.files ? order("retry", which) : ask("/api/retry", which)), attributes);
  if (hold.cause === "account" || hold.cause === "credential") {
    const fix = el("a", { href: "#setup/key", class: "button main" }, t("Fix the key"));
    return card("bad", hold.title, hold.why, t("Enter a valid key; waiting files will then be uploaded automatically."), fix, retry(), ...more);
  }
  if (hold.cause === "source") {
    const fix = el("a", { href: "#folders", class: "button main" }, t("Choose another source"));
    return card("bad", hold.title, hold.why, t("Choose a source that exists; waiting files will then be uploaded automatically."), fix, retry(), ...more);
  }
  if (hold.cause === "ledger") return card("bad", hold.title, hold.why, t("If this continues, tell the person who manages the database."), ...more);
  const advice = hold.cause === "quota"
    ? t("Ask HrFlow for a higher quota, or wait until it is renewed. Uploads then resume automatically.") : "";
  return card("bad", hold.title, hold.why, advice, retry(MAIN), ...more);
}

/** Files that need attention by themselves, all for the same reason. */
function reasonCard(reason) {
  const which = { state: reason.state, why: reason.reason };
  const advice = reason.can_retry ? "" : tn("This file was moved away. To have it checked again, put it back into its folder.",
    "These files were moved away. To have them checked again, put them back into their folder.", reason.files);
  // What is wrong with a refused file is to be corrected in it; HrFlow may read another one at the next try.
  const isRetriedFirst = reason.state === "parse_failed" && reason.can_retry > 0;
  const open = button(t("Open folder"), () => openFolders(which), isRetriedFirst ? {} : MAIN);
  const retry = reason.can_retry && button(retryLabel(reason.can_retry), () => order("retry", which), isRetriedFirst ? MAIN : {});
  return card("bad", reason.title, reason.why, advice,
    ...(isRetriedFirst ? [retry, open] : [open, retry]),
    button(ignoreLabel(reason.files), () => order("ignore", which)),
    button(showLabel(reason.files), () => filterBy(reason.state, { why: reason.reason, label: t("Reason:"), text: reason.why })));
}
