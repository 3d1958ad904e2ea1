// Search as one types: over sections, which search.py wrote, by MiniSearch. All that is needed is
// loaded by a script tag when somebody searches, so that it works for pages opened from a file.
(() => {
  const root = document.documentElement.dataset.content_root;
  const MOST = { dialog: 6, page: 30 };
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  // Words and numbers; of "CrossEntropyLoss" and "cross_entropy" the parts, too; Chinese, which
  // has no spaces, by signs and by pairs.
  const tokenize = (text) =>
    (text.match(/\p{Script=Han}+|[\p{L}\p{N}_]+/gu) ?? []).flatMap((word) => {
      if (/\p{Script=Han}/u.test(word)) {
        const signs = [...word];
        return [...signs, ...signs.slice(1).map((sign, at) => signs[at] + sign)];
      }
      const parts = word.match(/[\p{Lu}]+(?!\p{Ll})|\p{Lu}?[^\p{Lu}_]+/gu) ?? [word];
      return parts.length > 1 ? [word, ...parts] : [word];
    });

  // What a question has besides its subject.
  const ASKING = new Set("an do does how i look many me my what when which why you your".split(" "));
  let stemmer;
  const processTerm = (word) => {
    const lower = word.toLowerCase();
    return STOPWORDS.has(lower) || ASKING.has(lower) ? null : stemmer.stemWord(lower);
  };

  const build = () => {
    stemmer = new Stemmer();
    const index = new MiniSearch({
      fields: ["title", "index", "chapter", "text", "code"],
      tokenize,
      processTerm,
      searchOptions: {
        boost: { title: 4, index: 4, chapter: 1.5, code: 0.3 },
        boostDocument: (id) => (id.startsWith("book/api") ? 0.5 : 1),
        prefix: (word, at, words) => at === words.length - 1 && word.length > 2,
        fuzzy: (word) => (word.length > 4 ? 0.2 : false),
        weights: { prefix: 0.5, fuzzy: 0.2 },
      },
    });
    index.addAll(SECTIONS);
    return index;
  };

  let loading;
  const loaded = () =>
    (loading ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${root}_static/sections.js`;
      script.onload = () => done(build());
      script.onerror = failed;
      document.head.append(script);
    }));

  // The words of a text that were found, as they stand there.
  const wordsFound = (text, terms) => {
    const found = new Set();
    for (const word of tokenize(text)) {
      if (word.length > 1 && terms.has(processTerm(word))) found.add(word.toLowerCase());
    }
    return [...found];
  };

  // The part of the prose that holds the most of what was found.
  const excerpt = (section, words, length = 170) => {
    const text = section.text || section.code;
    const lower = text.toLowerCase();
    const places = words.flatMap((word) => {
      const at = lower.indexOf(word);
      return at < 0 ? [] : [at];
    });
    const near = (at) => places.filter((each) => each >= at && each < at + length - 30).length;
    const best = places.reduce((one, other) => (near(other) > near(one) ? other : one), places[0] ?? 0);
    const from = best < 60 ? 0 : text.indexOf(" ", best - 50) + 1;
    const whole = text.slice(from, from + length);
    const part = from + length < text.length ? whole.slice(0, whole.lastIndexOf(" ")) : whole;
    const marked = words.length
      ? escape(part).replace(
          new RegExp(words.join("|"), "giu"), // letters, digits, _: nothing to escape
          "<mark>$&</mark>",
        )
      : escape(part);
    const ends = from + length < text.length ? " …" : "";
    return `${from ? "… " : ""}${marked}${ends}`;
  };

  const sections = new Map();
  const hit = ({ id, terms }) => {
    const section = sections.get(id);
    const words = wordsFound(`${section.title} ${section.text} ${section.code}`, new Set(terms));
    const [page, anchor] = id.split("#");
    const marks = words.length ? `?highlight=${encodeURIComponent(words.join(" "))}` : "";
    const address = `${root}${page}${marks}${anchor ? `#${anchor}` : ""}`;
    const where = section.chapter === section.title ? "" : `<span>${escape(section.chapter)}</span>`;
    return `<li><a href="${escape(address)}">${escape(section.title)}</a>${where}
      <p>${excerpt(section, words)}</p></li>`;
  };

  const show = async (query, place, most) => {
    if (!query.trim()) return place.replaceChildren();
    const index = await loaded().catch(() => null);
    if (place.query !== query) return; // something else was typed meanwhile
    if (!index) {
      place.innerHTML = "<p>The list of sections could not be loaded.</p>";
      return;
    }
    if (!sections.size) for (const section of SECTIONS) sections.set(section.id, section);
    const found = index.search(query);
    const count = found.length === 1 ? "1 section" : `${found.length} sections`;
    place.innerHTML =
      `<p role="status">${found.length ? count : "Nothing found"}</p>` +
      `<ol>${found.slice(0, most).map(hit).join("")}</ol>`;
    place.shown = query; // for whoever waits
  };

  for (const form of document.querySelectorAll("form.bd-search")) {
    const field = form.querySelector("input[name=q]");
    const onPage = !form.closest("dialog");
    const place = document.createElement("div");
    place.className = "search-hits";
    (onPage ? document.getElementById("search-results") : form.parentElement).append(place);
    const search = () => {
      place.query = field.value;
      show(field.value, place, onPage ? MOST.page : MOST.dialog);
    };
    field.addEventListener("focus", () => loaded().catch(() => null), { once: true });
    field.addEventListener("input", search);
    // Arrows go from the field into the list and back.
    form.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const stops = [field, ...place.querySelectorAll("a")];
      const next = stops[stops.indexOf(document.activeElement) + step];
      if (next) next.focus();
      event.preventDefault();
    });
    if (onPage) {
      field.value = new URLSearchParams(location.search).get("q") ?? "";
      search();
    }
  }
})();
