// Shortens ways that exist without it: pages are complete when this file never loads.
"use strict";
(() => {
  const announce = (words) => {
    const place = document.getElementById("announce");
    if (!place) return;
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = words; });
  };

  // Copy buttons beside IDs. Without the clipboard (an insecure address) the text is selected, ready for the keys.
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      source.select();
      if (!document.execCommand("copy")) return;
    }
    const words = button.textContent;
    button.textContent = "✓";
    announce(button.dataset.copied);
    setTimeout(() => { button.textContent = words; }, 1600);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-module=copy]");
    if (button) copy(button);
    // A menu closes when the reader goes elsewhere.
    for (const menu of document.querySelectorAll("details.drop[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.drop[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    // Ctrl and / lead to the search of a list: a chord, so that no single letter does anything (WCAG 2.1.4).
    if (event.key === "/" && (event.ctrlKey || event.metaKey)) {
      const search = document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });
})();
