// The keyboard: every key presses a button or follows a link that is on the page, so nothing works only with it.
const page = document.body;
const rows = () => [...document.querySelectorAll("[data-rows] > tr")];
const help = document.getElementById("help");

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
  else if (target.matches("details")) { target.open = true; target.querySelector("input, select, textarea")?.focus(); }
  else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (help?.open) return;
  let done = false;
  if (event.key === "?") { help?.showModal(); done = true; }
  else if (event.key === "j" && rows().length) done = step(1);
  else if (event.key === "k" && rows().length) done = step(-1);
  else if (event.key === "x" && rows().length) {
    const box = document.querySelector("tr.here input[type=checkbox]");
    if (box) { box.checked = !box.checked; done = true; }
  } else done = press(event.key);
  if (done) event.preventDefault();
});

for (const each of document.querySelectorAll("[data-help]")) each.addEventListener("click", () => help?.showModal());

// A form is sent once, however often its key is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  else event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

// Asked first where it cannot be taken back.
document.addEventListener("click", (event) => {
  const sure = event.target.closest?.("[data-sure]");
  if (sure && !confirm(sure.dataset.sure)) event.preventDefault();
});

// Where a page waits for a job, it looks again by itself.
const wait = document.querySelector("[data-again]");
if (wait) setTimeout(() => location.reload(), 1000 * Number(wait.dataset.again));

const first = rows().find((each) => each.classList.contains("here")) ?? (page.dataset.page === "inbox" ? rows()[0] : null);
if (first) stand(first);
page.dataset.keys = "ready";
