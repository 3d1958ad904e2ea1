// A link that reports a mistake says where it is, so that its reader need not.
document.addEventListener("DOMContentLoaded", () => {
  const named = (link, words) => {
    if (link) link.querySelector(".btn__text-container").textContent = words;
    return link;
  };
  named(document.querySelector(".btn-source-edit-button"), "Edit this page");
  const link = named(document.querySelector(".btn-source-issues-button"), "Report a mistake here");
  if (!link) return;
  const words = (heading) => heading.textContent.replace(/#$/, "").trim();
  const say = () => {
    const headings = [...document.querySelectorAll("article :is(h1, h2, h3)")];
    const read = headings.filter((each) => each.getBoundingClientRect().top < innerHeight / 3);
    const heading = read.at(-1) ?? headings[0];
    const page = document.querySelector("link[rel=canonical]")?.href ?? location.href;
    const place = `${page}#${heading.closest("section")?.id ?? ""}`;
    const report = new URL(link.href);
    report.searchParams.set("title", `${words(headings[0])}: ${words(heading)}`);
    report.searchParams.set("body", `${place}\n\nWhat is wrong:\n\n\nHow one can see it:\n`);
    link.href = report.href;
  };
  for (const come of ["pointerdown", "focus", "click"]) link.addEventListener(come, say);
});
