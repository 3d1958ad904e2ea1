// A formula or picture that is wider than the page scrolls, and so must be reached by Tab; others
// need not.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const all = document.querySelectorAll("div.math, mjx-container[display], .picture");
  const mark = () => {
    for (const each of all) {
      if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
      else each.removeAttribute("tabindex");
    }
  };
  const seen = new ResizeObserver(mark); // tells of each once, and of each whose size changes
  for (const each of all) seen.observe(each);
  document.fonts.addEventListener("loadingdone", mark); // other letters, another width
  document.fonts.ready.then(mark);
});
