// A formula that is wider than the page scrolls, and so must be reached by Tab; others need not.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const mark = () => {
    for (const each of document.querySelectorAll("div.math, mjx-container[display]")) {
      if (each.scrollWidth > each.clientWidth + 1) each.tabIndex = 0;
      else each.removeAttribute("tabindex");
    }
  };
  mark();
  addEventListener("resize", mark);
});
