// Lay frames and numbers over a canvas, in its own pixels. Returns the box that
// holds both, and mark(shapes, margin), which draws anew; margin is how many
// pixels of padding to show around the picture.
live.page.marked = function (canvas) {
  const unit = 100; // letters of less than a pixel are drawn badly
  const made = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const svg = made("svg", { "aria-hidden": "true" });
  // Marks that are there are moved: only what is new of them is laid out anew.
  const put = (place, { kind, at: [y, x], size: [height, width] = [1, 1], text }) => {
    const [name, numbers] =
      text === undefined
        ? ["rect", { x, y, width, height }]
        : ["text", { x: x + width / 2, y: y + height / 2 }];
    let mark = svg.children[place];
    if (mark?.localName !== name) {
      const old = mark;
      mark = made(name, {});
      if (old) old.replaceWith(mark);
      else svg.append(mark);
    }
    const wanted = { class: kind };
    for (const [key, value] of Object.entries(numbers)) wanted[key] = String(unit * value);
    for (const [key, value] of Object.entries(wanted)) {
      if (mark.getAttribute(key) !== value) mark.setAttribute(key, value);
    }
    if (text !== undefined && mark.textContent !== text) mark.textContent = text;
  };
  const box = live.page.element("div", { className: "live-marked" }, canvas, svg);
  const mark = (shapes, margin = 0) => {
    const { width, height } = canvas;
    const [wide, high] = [width + 2 * margin, height + 2 * margin];
    svg.setAttribute(
      "viewBox",
      [-margin, -margin, wide, high].map((each) => unit * each).join(" "),
    );
    svg.style.fontSize = `${0.078 * unit * wide}px`; // as large on every picture
    box.style.aspectRatio = `${wide} / ${high}`;
    Object.assign(canvas.style, {
      left: `${(100 * margin) / wide}%`,
      top: `${(100 * margin) / high}%`,
      width: `${(100 * width) / wide}%`,
    });
    shapes.forEach((shape, place) => put(place, shape));
    while (svg.children.length > shapes.length) svg.lastChild.remove();
  };
  return { box, mark };
};

// The numbers of (1, H, W) as marks, dark on light and light on dark; none where
// they are too many to be read.
live.page.numbers = function ({ shape: [, height, width], data }, white) {
  if (Math.max(height, width) > 8) return [];
  return Array.from(data, (value, at) => ({
    kind: value < white / 2 ? "on-dark" : "on-light",
    at: [Math.floor(at / width), at % width],
    text: Number.isNaN(value) ? "" : live.page.numeral(value),
  }));
};

// A count with commas, as the book writes it.
live.page.thousands = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
