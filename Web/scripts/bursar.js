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

  // Whether the stroke alone does anything is this browser's choice; where nothing can be kept it stays on.
  const keysAreOn = () => {
    try { return localStorage.getItem("keys") !== "off"; } catch { return true; }
  };
  for (const button of document.querySelectorAll("[data-module=keys]")) {
    const words = [button.textContent, button.dataset.label];
    const show = () => { button.textContent = words[keysAreOn() ? 0 : 1]; };
    button.addEventListener("click", () => {
      try { localStorage.setItem("keys", keysAreOn() ? "off" : "on"); } catch { return; }
      show();
    });
    button.hidden = false;
    show();
  }

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
    // The stroke leads to the search: with Ctrl always, alone unless somebody types or has turned it off (WCAG 2.1.4).
    const isChord = event.ctrlKey || event.metaKey;
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !event.altKey && (isChord || !isTyping && keysAreOn())) {
      const search = document.getElementById("find") || document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });
})();
