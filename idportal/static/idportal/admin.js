/* What Django's admin lacks. Its pages work without this file; fields with a search in them need Django's own scripts.
   Before session.js, which warns before the session ends, and reads its data from the body: the admin has no room there. */
(() => {
  "use strict";
  const session = document.getElementById("session-data");
  if (session) Object.assign(document.body.dataset, session.dataset);

  /* A field of many choices, and the search in it, have no name of their own; the label has. */
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`)?.textContent.replace(":", "").trim() ?? "";
    const nameless = ":is(.select2-search__field, .select2-selection):not([aria-label])";
    const name = () => {
      for (const part of select.parentElement.querySelectorAll(nameless)) part.setAttribute("aria-label", label);
    };
    new MutationObserver(name).observe(select.parentElement, { childList: true, subtree: true });
    name();
  }

  /* On a telephone the cells of a row stand below one another, each behind the name of its column (admin.css). */
  const names = [...document.querySelectorAll("#result_list thead th")].map((cell) => cell.textContent.trim());
  for (const row of document.querySelectorAll("#result_list tbody tr")) {
    [...row.children].forEach((cell, place) => {
      if (place && names[place]) cell.dataset.column = names[place];
    });
  }
})();
