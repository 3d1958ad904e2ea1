// The meaning of a term, where a mouse rests on it, the keyboard reaches it, or a finger taps it.
// A second tap, or a click, follows the link to the glossary.
(() => {
  const note = document.createElement("div");
  note.className = "term-meaning";
  note.id = "term-meaning";
  note.setAttribute("role", "tooltip");
  note.hidden = true;
  let shown;
  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    note.hidden = true;
    shown = undefined;
  };
  const show = (term) => {
    if (term === shown) return;
    hide();
    shown = term;
    note.textContent = term.dataset.meaning;
    note.hidden = false;
    term.setAttribute("aria-describedby", note.id);
    const place = term.getBoundingClientRect();
    const most = document.documentElement.clientWidth - note.offsetWidth - 8;
    note.style.left = `${Math.max(8, Math.min(place.left, most)) + scrollX}px`;
    note.style.top = `${place.bottom + 4 + scrollY}px`;
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(note);
    let finger = false;
    addEventListener("pointerdown", (event) => {
      finger = event.pointerType === "touch";
      if (!event.target.closest("[data-meaning]")) hide();
    });
    addEventListener("keydown", (event) => event.key === "Escape" && hide());
    for (const term of document.querySelectorAll("a[data-meaning]")) {
      term.addEventListener("mouseenter", () => finger || show(term));
      term.addEventListener("mouseleave", () => finger || hide());
      term.addEventListener("focus", () => finger || show(term));
      term.addEventListener("blur", hide);
      term.addEventListener("click", (event) => {
        if (finger && term !== shown) {
          event.preventDefault();
          show(term);
        }
      });
    }
  });
})();
