// What is done to files, and undone: a note at the window's edge offers that for some seconds.

import { $, ask, button, el, isTyping, put, rest, say, t, tn } from "./base.js";

let latest = null; // what undoes the order given last

// What is asked of the program, for each order.
const REQUESTS = { retry: "retry", approve: "retry", ignore: "ignore" };

/** Retry, upload or ignore files, and offer to undo that. */
export async function order(what, which) {
  const done = await ask(`/api/${REQUESTS[what]}`, { ...which, undo: true });
  const left = done.left.length ? ` ${t("Not possible for: {files}", { files: done.left.map((file) => file.name).join(", ") })}` : "";
  if (!done.files) say(t("Nothing to do.") + left, "busy");
  else offer(sentence(what, done.files) + left, done);
}

function sentence(what, files) {
  if (what === "approve") return tn("1 file will be uploaded.", "{count} files will be uploaded.", files);
  if (what === "ignore") return tn("1 file will be ignored.", "{count} files will be ignored.", files);
  return tn("1 file will be retried.", "{count} files will be retried.", files);
}

/** Where the focus goes when the note that has it disappears. */
const home = () => document.querySelector("dialog[open] button") ?? $("main");

async function offer(text, done) {
  const undo = button(t("Undo"), () => takeBack(), { title: `${t("Ctrl")}+Z`, "aria-keyshortcuts": "Control+Z" });
  const said = el("span");
  const note = el("div", { class: "toast" }, said, undo);
  let isOver = false;
  const takeBack = async () => {
    await ask("/api/undo", { number: done.undo });
    isOver = true;
    latest = null;
    put(said, t("Undone."));
    undo.remove();
    home().focus();
    await rest(3000);
    note.remove();
  };
  $("toasts").append(note);
  put(said, text);
  latest = undo;
  await rest(done.seconds * 1000);
  if (isOver) return;
  if (latest === undo) latest = null;
  if (note.contains(document.activeElement)) home().focus();
  note.remove();
}

addEventListener("keydown", (event) => {
  if (!latest || isTyping(event) || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  latest.click();
});
