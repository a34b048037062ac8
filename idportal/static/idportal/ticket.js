/* A ready-made text fills the field that its list names, where it can be changed. What was typed by hand stays, and the
   text comes below it. Without this file the ready-made text is sent if the field is empty. */
(() => {
  "use strict";

  for (const list of document.querySelectorAll("select[data-fills]")) {
    const field = list.form.elements[list.dataset.fills];
    const made = [...list.options].map((option) => option.value);
    list.addEventListener("change", () => {
      const typed = field.value.trim();
      if (!list.value && made.includes(typed)) field.value = "";
      else if (list.value) field.value = made.includes(typed) ? list.value : `${typed}\n${list.value}`;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
