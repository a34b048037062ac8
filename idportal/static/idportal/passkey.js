/* Passkeys: a button asks the portal what to ask the device for, and sends the device's answer with the button's form.
   All words come from the page. Loaded by the pages that have such a button. */
(() => {
  "use strict";

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => list.map((each) => ({ ...each, id: bytes(each.id) }));

  const ask = async ({ create, get }) => {
    if (get) {
      const publicKey = { ...get, challenge: bytes(get.challenge), allowCredentials: known(get.allowCredentials) };
      return navigator.credentials.get({ publicKey });
    }
    const publicKey = {
      ...create,
      challenge: bytes(create.challenge),
      user: { ...create.user, id: bytes(create.user.id) },
      excludeCredentials: known(create.excludeCredentials),
    };
    return navigator.credentials.create({ publicKey });
  };

  const written = ({ id, rawId, type, response }) => {
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature"];
    const given = parts.filter((name) => response[name]).map((name) => [name, text(response[name])]);
    return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(given) });
  };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    if (button.dataset.ready || !window.PublicKeyCredential) continue;
    button.dataset.ready = "";
    const part = button.closest("[data-passkey-part]");
    const { form } = button;
    const status = part.querySelector("[data-passkey-status]");
    for (const note of part.querySelectorAll("[data-passkey-without]")) note.hidden = true;
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = "";
      try {
        const body = new FormData();
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        if ("passkeyNew" in button.dataset) body.set("new", "1");
        const answer = await fetch(button.dataset.passkey, { method: "POST", body, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        part.querySelector("input[name=passkey]").value = written(await ask(await answer.json()));
        form.requestSubmit();
      } catch {
        status.textContent = status.dataset.text;
      } finally {
        button.disabled = false;
      }
    });
  }
})();
