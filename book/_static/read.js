// The map marks the chapters whose end this browser has seen. Nothing of it leaves the browser.
document.addEventListener("DOMContentLoaded", () => {
  const key = "cvlib-course chapters read";
  const path = (link) => new URL(link, location.href).pathname.replace(/^.*\/book\//, "");
  let read = [];
  try {
    read = JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return; // a page from a file may be denied the store, or another page has filled it
  }
  for (const link of document.querySelectorAll("article .sd-stretched-link")) {
    if (!read.includes(path(link.href))) continue;
    const card = link.closest(".sd-card");
    card.classList.add("read");
    card.querySelector(".sd-card-title").title = "read";
  }
  const end = document.querySelector(".prev-next-footer");
  if (!end || !document.querySelector("article .cell")) return;
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    localStorage.setItem(key, JSON.stringify([...new Set([...read, path(location.href)])]));
  }).observe(end);
});
