/* Progressive enhancement. Every page works without this file; all words come from the page's data attributes.
   Parts: focus on errors, one press, show password, password checklist, time left, a new code. */
(() => {
  "use strict";

  const words = document.body.dataset;
  document.documentElement.classList.add("js");

  /* Calls back when it has been quiet for a moment, so that a screen reader isn't interrupted at each key. */
  const whenQuiet = (callback, milliseconds = 900) => {
    let timer = 0;
    return (...values) => {
      clearTimeout(timer);
      timer = setTimeout(() => callback(...values), milliseconds);
    };
  };

  /* Changes a live region only if its words changed: unchanged words are not to be read again. */
  const say = (region, text) => {
    if (region.textContent !== text) region.textContent = text;
  };

  /* --- Focus on what went wrong (browsers that ignore autofocus on a section) --- */
  addEventListener("load", () => {
    setTimeout(() => {
      if (document.activeElement === document.body) document.querySelector("[data-focus]")?.focus();
    }, 100);
  });

  for (const note of document.querySelectorAll("[data-without-js]")) note.hidden = true;

  /* --- One press is enough: a second one within some seconds would undo what the first has begun --- */
  for (const form of document.querySelectorAll('form[method="post"]:not([data-session-extend])')) {
    let sent = 0;
    form.addEventListener("submit", (event) => {
      if (Date.now() - sent < 5000) event.preventDefault();
      else sent = Date.now();
    });
  }

  /* --- Show password --- */
  for (const input of document.querySelectorAll('input[type="password"]')) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reveal";
    button.setAttribute("aria-controls", input.id);
    const [label] = input.labels;
    if (label) button.setAttribute("aria-describedby", (label.id ||= `${input.id}_label`)); // which of two fields
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? words.textHide : words.textShow;
      button.setAttribute("aria-label", shown ? words.textHideLabel : words.textShowLabel);
    };
    show(false);
    button.addEventListener("click", () => show(input.type === "password"));
    input.form?.addEventListener("submit", () => show(false)); // so that browsers treat it as a password
    input.setAttribute("spellcheck", "false");
    input.setAttribute("autocapitalize", "none");
    input.after(button);
  }

  /* --- Password checklist --- */
  const kindsOf = (password) => {
    const kinds = new Set();
    for (const character of password) {
      if (/[A-Z]/.test(character)) kinds.add("upper");
      else if (/[a-z]/.test(character)) kinds.add("lower");
      else if (/[0-9]/.test(character)) kinds.add("digit");
      else if (/[ -~]/.test(character)) kinds.add("special"); // what is left of ASCII, the space included
    }
    return kinds;
  };

  const rules = document.querySelector("[data-rules]");
  const first = document.querySelector('input[name="new_password1"]');
  const second = document.querySelector('input[name="new_password2"]');
  if (rules && first && second) {
    const { minLength, kinds, forbidden, username, textMet, textFailed } = rules.dataset;
    const forbiddenForms = [...forbidden.normalize("NFC")].flatMap((letter) => [letter, letter.normalize("NFD")]);
    const items = Object.fromEntries([...rules.querySelectorAll("[data-rule]")].map((item) => [item.dataset.rule, item]));
    const status = rules.querySelector("[data-rules-status]");
    const same = document.querySelector("[data-same]");

    /* Each answers true (met), false (broken: only another password mends it) or null (not there yet). */
    const judge = (password) => {
      const allowed = forbiddenForms.reduce((rest, letter) => rest.replaceAll(letter, ""), password);
      const used = kindsOf(allowed);
      for (const kind of rules.querySelectorAll("[data-kind]")) kind.toggleAttribute("data-met", used.has(kind.dataset.kind));
      if (!password) return { length: null, kinds: null, letters: null, other: null };
      const composed = password.normalize("NFC");
      return {
        length: [...password].length >= Number(minLength) || null,
        kinds: used.size >= Number(kinds) || null,
        letters: !forbiddenForms.some((letter) => composed.includes(letter) || password.includes(letter)),
        other: username && password.toLowerCase().includes(username.toLowerCase()) ? false : null, // the server knows
      };
    };
    const mark = (item, met) => {
      if (!item) return;
      item.dataset.state = met === null ? "todo" : met ? "met" : "failed";
      item.querySelector("[data-word]").textContent = met === null ? "" : met ? textMet : textFailed;
    };
    const announce = whenQuiet(() => {
      const live = ["length", "kinds", "letters"].filter((key) => items[key]);
      const met = live.filter((key) => items[key].dataset.state === "met").length;
      say(status, first.value ? status.dataset.text.replace("{met}", met).replace("{all}", live.length) : "");
    });
    const compare = () => {
      const equal = first.value !== "" && first.value === second.value;
      const state = second.value === "" ? "" : equal ? "same" : "different";
      same.dataset.state = state;
      say(same, state === "" ? "" : equal ? same.dataset.textSame : same.dataset.textDifferent);
    };
    const compareWhenQuiet = whenQuiet(compare);
    const onInput = () => {
      for (const [key, met] of Object.entries(judge(first.value))) mark(items[key], met);
      announce();
      compareWhenQuiet();
    };
    first.addEventListener("input", onInput);
    second.addEventListener("input", compareWhenQuiet);
    second.addEventListener("blur", compare);
    if (first.value) onInput(); // filled in by a password manager or by going back
  }

  /* Posts a form and stays on the page. */
  const send = async (form, headers) => {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
    if (!answer.ok) throw new Error(answer.status);
    return answer;
  };

  /* --- The time that is left for a new password, told in front of the page before it ends --- */
  const time = document.querySelector("[data-seconds-left]");
  if (time?.showModal) {
    const shown = time.querySelector("[data-left]");
    const failed = time.querySelector("[data-failed]");
    const more = time.querySelector("button:not([data-close])");
    let ends = 0;
    let told = false;
    const begin = (seconds) => {
      ends = Date.now() + seconds * 1000;
      told = false;
      time.close();
    };
    const timer = setInterval(() => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (left < 0) {
        clearInterval(timer);
        location.assign(location.pathname); // the page that follows says why
      } else if (left <= Number(time.dataset.warnAt)) {
        shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
        if (!told) time.showModal();
        told = true;
      }
    }, 1000);
    time.addEventListener("submit", async (event) => {
      if (event.defaultPrevented || event.submitter !== more) return; // the other button closes it by itself
      event.preventDefault();
      try {
        const answer = await (await send(event.target, { Accept: "application/json" })).json();
        if (!answer.more) more.remove();
        failed.textContent = "";
        begin(answer.seconds);
      } catch {
        failed.textContent = failed.dataset.text;
      }
    });
    time.querySelector("[data-close]").hidden = false;
    begin(time.dataset.secondsLeft);
  }

  /* --- A new code, and the countdown for the next one --- */
  for (const form of document.querySelectorAll("[data-again]")) {
    const wait = form.querySelector("[data-resend-in]");
    const status = form.querySelector("[data-resend-status]");
    let timer = 0;
    const count = (seconds) => {
      clearInterval(timer);
      if (!(seconds > 0)) return;
      const until = Date.now() + seconds * 1000;
      const tick = () => {
        const left = Math.ceil((until - Date.now()) / 1000);
        wait.textContent = left > 0 ? wait.dataset.textWait.replace("{seconds}", left) : "";
        if (left > 0) return;
        clearInterval(timer);
        say(status, wait.dataset.textReady);
      };
      timer = setInterval(tick, 1000);
      tick();
    };
    count(wait.dataset.resendIn);
    form.addEventListener("submit", async (event) => {
      if (event.defaultPrevented) return; // a second press
      event.preventDefault();
      say(status, "");
      try {
        const answer = await send(form);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const said = page.querySelector("[role=status][data-focus]");
        if (!said) return location.assign(answer.url); // no code, or no code page any more
        say(status, said.textContent.trim());
        count(page.querySelector("[data-resend-in]").dataset.resendIn);
      } catch {
        form.submit();
      }
    });
  }
})();
