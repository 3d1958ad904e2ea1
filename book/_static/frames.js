// The frames of an explorer are fetched when a reader comes to it, so that none is late.
document.addEventListener("DOMContentLoaded", () => {
  for (const explorer of document.querySelectorAll(".explorer")) {
    const fetchAll = () => {
      for (const frame of explorer.querySelectorAll("img")) frame.loading = "eager";
    };
    for (const come of ["pointerenter", "pointerdown", "focusin", "input"]) {
      explorer.addEventListener(come, fetchAll, { once: true });
    }
  }
});
