/* Warns before the session of somebody who is signed in ends. All words come from the page. */
(() => {
  "use strict";

  const words = document.body.dataset;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

  const dialog = document.getElementById("session-timeout");
  const sessionSeconds = Number(words.sessionSeconds);
  if (dialog?.showModal && sessionSeconds > 0) {
    const form = dialog.querySelector("[data-session-extend]");
    const left = dialog.querySelector("[data-session-left]");
    const failed = dialog.querySelector("[data-session-failed]");
    let ends = 0;
    let warns = 0;
    const start = (seconds) => {
      ends = Date.now() + seconds * 1000;
      warns = ends - Math.max(60, Math.min(120, seconds / 3)) * 1000;
    };
    const tick = () => {
      const now = Date.now();
      if (now >= ends) {
        clearInterval(timer);
        location.assign(words.sessionEnded);
        return;
      }
      if (now >= warns && !dialog.open) dialog.showModal();
      if (dialog.open) left.textContent = clock(Math.ceil((ends - now) / 1000));
    };
    const stay = async (event) => {
      event?.preventDefault();
      try {
        const answer = await fetch(form.action, {
          method: "POST",
          body: new FormData(form),
          credentials: "same-origin",
          redirect: "manual",
        });
        if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
          ends = 0; // the session is gone already
          tick();
          return;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        const json = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
        start(json.seconds ?? sessionSeconds);
        failed.textContent = "";
        dialog.close();
      } catch {
        failed.textContent = failed.dataset.text;
      }
    };
    start(sessionSeconds);
    const timer = setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
    form.addEventListener("submit", stay);
    dialog.addEventListener("cancel", stay); // Escape means "I'm here"
  }
})();
