// Explorers that compute in the page: what one needs is fetched when its
// reader comes near it, and takes the place of the frames, which stay for
// paper and for pages without a script.
(() => {
  const folder = new URL("live/", document.currentScript.src);
  const version = "VERSION";
  const fetched = new Map();
  const fetchScript = (name) => {
    if (!fetched.has(name)) {
      const script = document.createElement("script");
      script.src = new URL(`${name}.js?v=${version}`, folder);
      fetched.set(
        name,
        new Promise((resolve, reject) => {
          script.onload = resolve;
          script.onerror = reject;
        }),
      );
      document.head.append(script);
    }
    return fetched.get(name);
  };
  // Let the page be drawn, and answer its reader, before what comes next. A page
  // that nobody sees is not drawn.
  const pause = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve));
      setTimeout(resolve, 200);
    });
  const start = async (explorer) => {
    if (!globalThis.DecompressionStream || !globalThis.OffscreenCanvas) return; // too old
    const name = explorer.dataset.live;
    await fetchScript("engine");
    live.page.fetch ??= fetchScript; // for what a piece needs only when asked for
    await fetchScript(name);
    const piece = live.page.pieces[name];
    await Promise.all(piece.needs.map(fetchScript));
    const given = explorer.querySelector(".explorer-given");
    const face = document.createElement("div");
    face.className = "explorer-live";
    await pause();
    piece.start(face, given ? JSON.parse(given.textContent) : {}, explorer);
    const parts = [...face.children];
    face.replaceChildren();
    explorer.querySelector(".explorer-title").after(face);
    for (const part of parts) {
      await pause();
      face.append(part);
    }
    await pause();
    explorer.classList.add("live-on");
  };
  document.addEventListener("DOMContentLoaded", () => {
    const near = new IntersectionObserver(
      (entries) => {
        for (const entry of entries.filter((each) => each.isIntersecting)) {
          near.unobserve(entry.target);
          start(entry.target).catch(console.error); // the frames stay
        }
      },
      { rootMargin: "600px" },
    );
    for (const each of document.querySelectorAll(".explorer[data-live]")) {
      near.observe(each);
    }
  });
})();
