/* Brings what is new into the agents' queue while the page is looked at. All words come from the page. */
(() => {
  "use strict";

  const STILL = 3000; // milliseconds without a move of the pointer over the table, before rows may move below it
  const said = document.querySelector("[data-queue-said]");
  let shown = document.querySelector("[data-queue]");
  if (!said || !shown) return;
  const title = document.title.replace(/^\(\d+\) /, "");
  let known = shown.dataset; // of the last answer, shown or not yet
  let waiting = null;
  let moved = 0;

  /* The row with the focus stays where it is; all others come and go around it. */
  const around = (row, fresh) => {
    const rows = [...fresh.querySelectorAll("[data-row]")];
    const at = rows.findIndex((each) => each.dataset.row === row.dataset.row);
    for (const each of [...row.parentElement.children]) if (each !== row) each.remove();
    row.before(...rows.slice(0, at < 0 ? 0 : at));
    row.after(...rows.slice(at + 1));
  };

  const show = () => {
    if (!waiting || Date.now() - moved < STILL) return;
    const fresh = waiting;
    for (const box of shown.querySelectorAll("input:checked")) {
      const same = fresh.querySelector(`input[value="${CSS.escape(box.value)}"]`);
      if (same) same.checked = true;
    }
    const focused = shown.contains(document.activeElement) ? document.activeElement : null;
    const row = focused?.closest("[data-row]");
    if (focused && !row) return; // once it is elsewhere
    if (row) around(row, fresh);
    else shown.replaceWith(fresh);
    if (!row) shown = fresh;
    waiting = null;
  };

  const tell = () => {
    const counts = known.counts.split(" ");
    const shownCounts = document.querySelectorAll(".tabs__count"); // the last one, of closed tickets, is not counted again
    counts.forEach((count, at) => { shownCounts[at].textContent = count; });
    document.title = counts[0] === "0" ? title : `(${counts[0]}) ${title}`;
    if (known.said) said.textContent = known.said;
  };

  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const address = new URL(known.news, location.href);
      address.searchParams.set("marke", known.mark);
      address.searchParams.set("nyast", known.newest);
      const answer = await fetch(address, { credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect") clearInterval(asking); // nobody is signed in here any more
      if (answer.status !== 200) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-queue]");
      if (!fresh) return;
      waiting = document.importNode(fresh, true);
      known = { ...waiting.dataset };
      tell();
      show();
    } catch {
      /* The server is away: the next round tries again. */
    }
  };

  document.addEventListener("pointermove", (event) => { if (shown.contains(event.target)) moved = Date.now(); });
  document.addEventListener("visibilitychange", ask);
  setInterval(show, 1000);
  const asking = setInterval(ask, Number(said.dataset.seconds) * 1000);
})();
