// Paper is white: print by day, whatever the theme on the screen.
(() => {
  const page = document.documentElement;
  let theme;
  const printing = (begins) => {
    if (begins && theme === undefined) {
      theme = page.dataset.theme;
      page.dataset.theme = "light";
    } else if (!begins && theme !== undefined) {
      page.dataset.theme = theme;
      theme = undefined;
    }
  };
  matchMedia("print").addEventListener("change", (event) => printing(event.matches));
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
})();
