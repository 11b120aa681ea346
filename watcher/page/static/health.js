// The doctor's checks: what has to be done first, everything else folded.

import { $, ask, button, el, put, say, t, tn } from "./base.js";

const ORDER = { bad: 0, busy: 1 };
let running = false;

/** Run the checks; that takes some seconds. */
export async function runChecks() {
  if (running) return;
  running = true;
  $("health").className = "verdict quiet";
  put($("health"), t("Checking…"));
  $("examine").disabled = true;
  try {
    show((await ask("/api/health")).lines);
  } catch (error) {
    $("health").className = "verdict bad";
    put($("health"), error.message);
  }
  $("examine").disabled = false;
  running = false;
}

function show(lines) {
  const findings = lines.filter((line) => line.tone in ORDER).sort((one, other) => ORDER[one.tone] - ORDER[other.tone]);
  const errors = findings.filter((line) => line.tone === "bad").length;
  $("health").className = `verdict ${findings[0]?.tone ?? "good"}`;
  if (errors) put($("health"), `✗ ${tn("1 problem prevents uploads", "{count} problems prevent uploads", errors)}`);
  else if (findings.length) put($("health"), `! ${tn("Uploads work; 1 thing could be improved", "Uploads work; {count} things could be improved", findings.length)}`);
  else put($("health"), `✓ ${t("Everything works")}`);
  $("findings").replaceChildren(...findings.map(findingCard));
  $("lines").replaceChildren(...lines.map((line) => el("li", { class: `is-${line.tone}` }, ...sentence(line))));
  put($("checks-title"), tn("All checks (1)", "All checks ({count})", lines.length));
  $("checks").hidden = false;
}

/** A line's sign, what was checked, and how it is. */
function sentence(line) {
  return [
    el("span", { class: "sign", "aria-hidden": "true" }, line.sign),
    el("span", { class: "hidden" }, t("{what}: {text}", { what: line.level, text: "" })),
    " ", el("b", {}, t("{what}: {text}", { what: line.label, text: "" })), " ", line.text,
  ];
}

function findingCard(line) {
  const act = actOf(line);
  const advice = line.advice && line.act !== "login" ? el("p", { class: "quiet" }, line.advice) : "";
  return el("li", { class: `finding is-${line.tone}` }, el("div", {}, el("p", {}, ...sentence(line)), advice), act);
}

/** The button that does something about a finding, or the link to where that can be done. */
function actOf(line) {
  const link = (to, text) => el("a", { class: "button", href: to }, text);
  switch (line.act) {
    case "login": return button(t("Start at login"), async () => {
      await ask("/api/setup/login", {});
      say(t("hrflow-watcher starts when you log in."));
      await runChecks();
      $("h-health").focus();
    });
    case "open": return button(t("Open folder"), () => ask("/api/show", { folder: line.about }));
    case "key": return link("#setup/key", t("Set API key"));
    case "folders": return link("#folders", t("Edit folders"));
    case "setup": return link("#setup", t("Open setup"));
    default: return "";
  }
}
$("examine").addEventListener("click", runChecks);
