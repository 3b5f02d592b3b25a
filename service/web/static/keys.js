// The keyboard: every key presses a button or follows a link that is on the page, so nothing works only with it.
const page = document.body;
const rows = () => [...document.querySelectorAll("[data-rows] > tr")];
const help = document.getElementById("help");
const ACTS = "axysmoue123";  // these change something: a held or doubled key must not do it to what nobody has read yet
const UNREAD = 300;  // milliseconds for which a page that just came takes no act
const stale = new Set();  // act keys that were down before the page was ready; each counts again once it is released

function stand(row) {
  for (const each of rows()) each.classList.toggle("here", each === row);
  row.querySelector("a")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.findIndex((each) => each.classList.contains("here"));
  stand(all[Math.min(all.length - 1, Math.max(0, at + by))] ?? all[0]);
  return true;
}

function press(key) {
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return false;
  if (target.matches("input, select, textarea")) target.focus();
  else if (target.matches("details")) {
    target.open = true;
    const fields = target.querySelectorAll("select, input:not([type=hidden]), textarea, button");
    [...fields].find((each) => each.offsetParent)?.focus();
  }
  else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea")
    || event.target.closest("details[open] form");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (help?.open || (event.repeat && event.key !== "j" && event.key !== "k")) return;
  if (ACTS.includes(event.key)) {
    if (page.dataset.keys !== "ready") stale.add(event.key);
    if (stale.has(event.key)) return;
  }
  let done = false;
  if (event.key === "Enter" && event.target.matches("tr input[type=checkbox]")) {
    event.target.closest("tr").querySelector("a")?.click();
    done = true;
  } else if (event.key === "?") { help?.showModal(); done = true; }
  else if (event.key === "j" && rows().length) done = step(1);
  else if (event.key === "k" && rows().length) done = step(-1);
  else if (event.key === "x" && rows().length) {
    const box = document.querySelector("tr.here input[type=checkbox]");
    if (box) { box.checked = !box.checked; done = true; }
  } else done = press(event.key);
  if (done) event.preventDefault();
});

document.addEventListener("keyup", (event) => stale.delete(event.key));

for (const each of document.querySelectorAll("[data-help]")) each.addEventListener("click", () => help?.showModal());

for (const each of document.querySelectorAll("[data-print]")) each.addEventListener("click", () => print());

// A form is sent once, however often its key is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("method") === "dialog") return;
  if (event.target.dataset.sent) event.preventDefault();
  else event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
  delete page.dataset.keys;
  setTimeout(() => { page.dataset.keys = "ready"; }, UNREAD);
});

// Asked first where it cannot be taken back.
document.addEventListener("click", (event) => {
  const sure = event.target.closest?.("[data-sure]");
  if (!sure) return;
  if (!confirm(sure.dataset.sure)) event.preventDefault();
  else if (sure.form?.elements.confirmed) sure.form.elements.confirmed.value = "yes";
});

// Where a page waits for a job, it looks again by itself.
const wait = document.querySelector("[data-again]");
if (wait) setTimeout(() => location.reload(), 1000 * Number(wait.dataset.again));

const first = rows().find((each) => each.classList.contains("here")) ?? (page.dataset.page === "inbox" ? rows()[0] : null);
if (first) stand(first);
