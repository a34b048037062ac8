/* Fetches the telephone and the mailbox of /demo/ again while the page is looked at. */
(() => {
  "use strict";

  const inboxes = document.querySelector("[data-poll-seconds]");
  if (inboxes) {
    let shown = inboxes.innerHTML;
    const poll = async () => {
      if (document.visibilityState !== "visible") return;
      try {
        const answer = await fetch(location.pathname, { credentials: "same-origin" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-poll-seconds]");
        if (fresh && fresh.innerHTML !== shown) {
          shown = fresh.innerHTML;
          inboxes.replaceChildren(...fresh.childNodes);
        }
      } catch {
        /* The server is away: the next round tries again, and the link "Uppdatera" is there. */
      }
    };
    setInterval(poll, Number(inboxes.dataset.pollSeconds) * 1000);
    document.addEventListener("visibilitychange", poll);
  }
})();
