/* Keys for agents: / j k t n s ?. Nothing needs them. What a key leads to is marked with data-key, a row of a list with
   data-row. They can be turned off on the help page (WCAG 2.1.4), for this browser. */
(() => {
  "use strict";

  const OFF = "idportal-keys-off";
  const seen = (it) => it.getClientRects().length > 0;
  const typed = "input, select, textarea, [contenteditable]";
  const reachable = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary";

  /* A browser that keeps nothing has the keys. */
  const kept = (change) => {
    try {
      return change(localStorage);
    } catch {
      return null;
    }
  };
  const on = () => kept((store) => store.getItem(OFF)) === null;

  /* Screen readers say the key of a thing as long as it works. */
  const announce = () => {
    for (const it of document.querySelectorAll("[data-key]")) {
      if (on()) it.setAttribute("aria-keyshortcuts", it.dataset.key);
      else it.removeAttribute("aria-keyshortcuts");
    }
  };

  /* The main link of the row beside the one that has the focus; the first row if none has it. */
  const step = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")].filter(seen);
    const here = rows.indexOf(document.activeElement.closest("[data-row]"));
    const row = rows[here < 0 ? 0 : here + by];
    row?.querySelector("a[href]")?.focus();
    return Boolean(row);
  };

  /* In a row, the row's own comes first, and never another row's. */
  const marked = (key) => {
    const row = document.activeElement.closest("[data-row]");
    const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(seen);
    return all.find((it) => row?.contains(it)) ?? all.find((it) => !row || !it.closest("[data-row]"));
  };

  const follow = (it) => {
    if (it.matches("a, button")) it.click();
    else if (it.matches(typed)) it.focus();
    else [...it.querySelectorAll(reachable)].find((each) => each.type !== "hidden" && seen(each))?.focus();
    if (it.matches("input")) it.select();
  };

  addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    const elsewhere = event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented;
    if (key.length !== 1 || elsewhere || !on()) return;
    if (event.target.closest?.(`${typed}, dialog`) || document.querySelector("dialog[open]")) return;
    if (key === "j" || key === "k") {
      if (step(key === "j" ? 1 : -1)) event.preventDefault();
      return;
    }
    const it = marked(key);
    if (!it || event.repeat) return;
    event.preventDefault(); // else a field would get the key, and some browsers search for it
    follow(it);
  });

  /* --- The switch, on the help page --- */
  const turn = document.querySelector("[data-keys-switch]");
  if (turn && kept((store) => store.length) !== null) {
    const box = turn.querySelector("input");
    turn.hidden = false;
    box.checked = on();
    box.addEventListener("change", () => {
      kept((store) => (box.checked ? store.removeItem(OFF) : store.setItem(OFF, "1")));
      announce();
    });
  }
  announce();
  new MutationObserver(announce).observe(document.querySelector("main"), { childList: true, subtree: true });
})();
