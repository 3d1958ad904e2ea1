// Small tools of pieces: elements, pictures, and controls with words.

// Make an element: live.page.element("button", {className: "x"}, "words").
live.page.element = function (name, properties = {}, ...children) {
  const { style, dataset, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.style, style);
  Object.assign(made.dataset, dataset);
  for (const [key, value] of Object.entries(rest)) {
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

// A canvas that shows numbers as grey values from low to high, or, for three
// channels last, colours; pixels stay squares.
live.page.canvas = function (label, width = 256) {
  return live.page.element("canvas", {
    className: "live-picture",
    role: "img",
    "aria-label": label,
    style: { width: `${width}px` },
  });
};

live.page.show = function (canvas, { shape, data }, low = 0, high = 255) {
  const colours = shape.length === 3 && shape[2] === 3;
  const sides = colours ? shape.slice(0, 2) : shape.slice(-2);
  const levels = new Uint8ClampedArray(data.length);
  for (let at = 0; at < data.length; at++) {
    levels[at] = (255 * (data[at] - low)) / (high - low);
  }
  const { packed } = live.page;
  const colour = (at) => packed(levels[3 * at], levels[3 * at + 1], levels[3 * at + 2]);
  live.page.paint(canvas, sides, colours ? colour : (at) => packed(levels[at]));
};

// A colour, or a grey, as the one number that a canvas keeps of a pixel.
live.page.packed = (red, green = red, blue = red) =>
  (255 << 24) | (blue << 16) | (green << 8) | red;

// The numbers of a colour of the palette, from 0 to 255.
live.page.colour = function (name) {
  const text = live.given.palette[name];
  return [1, 3, 5].map((from) => parseInt(text.slice(from, from + 2), 16));
};

// Paint each pixel in the packed colour that colour gives for its place. A canvas
// keeps its size if it can: a new one is laid out anew.
live.page.paint = function (canvas, [height, width], colour) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const image = new ImageData(width, height);
  const pixels = new Int32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = colour(at);
  canvas.getContext("2d").putImageData(image, 0, 0);
};

// A slider with its name and its value; change is called with the number.
live.page.slider = function (name, { min, max, step = 1, value }, change) {
  const output = live.page.element("output", {}, String(value));
  const input = live.page.element("input", {
    type: "range", min, max, step,
  });
  input.value = value; // after the limits
  input.addEventListener("input", () => {
    output.value = input.value;
    change(Number(input.value));
  });
  return live.page.element(
    "label",
    { className: "explorer-control live-slider" },
    live.page.element("span", {}, name),
    input,
    output,
  );
};

// Buttons of which one is chosen; change is called with its label.
live.page.buttons = function (name, labels, change) {
  const group = `live-${name}-${live.page.buttons.count = (live.page.buttons.count ?? 0) + 1}`;
  const choices = labels.map((label, at) => {
    const input = live.page.element("input", {
      type: "radio", name: group, value: label, checked: at === 0,
    });
    input.addEventListener("input", () => change(label));
    return live.page.element("label", {}, input, live.page.element("span", {}, label));
  });
  return live.page.element(
    "fieldset",
    { className: "explorer-control" },
    live.page.element("legend", {}, name),
    live.page.element("span", { className: "explorer-buttons" }, ...choices),
  );
};

// A list of which one is chosen; change is called with its label.
live.page.list = function (name, labels, change) {
  const select = live.page.element(
    "select",
    {},
    ...labels.map((label) => live.page.element("option", {}, label)),
  );
  select.addEventListener("input", () => change(select.value));
  return live.page.element(
    "label",
    { className: "explorer-control" },
    live.page.element("span", {}, name),
    select,
  );
};

// Let a point of a canvas be chosen by mouse, finger and arrow keys; point is
// called with its row and column, and with nulls when the pointer leaves.
live.page.pointed = function (canvas, point) {
  canvas.tabIndex = 0;
  canvas.style.touchAction = "none";
  let [row, column] = [null, null];
  const go = (r, c) => {
    row = Math.min(canvas.height - 1, Math.max(0, r));
    column = Math.min(canvas.width - 1, Math.max(0, c));
    point(row, column);
  };
  for (const kind of ["pointermove", "pointerdown"]) {
    canvas.addEventListener(kind, (event) => {
      const place = canvas.getBoundingClientRect();
      go(
        Math.floor(((event.clientY - place.top) / place.height) * canvas.height),
        Math.floor(((event.clientX - place.left) / place.width) * canvas.width),
      );
    });
  }
  const leave = () => point(null, null);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") leave(); // what a finger chose stays when it is lifted
  });
  canvas.addEventListener("blur", leave);
  const keys = {
    ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    const [down, right] = keys[event.key];
    go(
      (row ?? canvas.height >> 1) + far * down,
      (column ?? canvas.width >> 1) + far * right,
    );
  });
};

// Numbers as the book writes them.
live.page.numeral = (value, digits = 2) =>
  String(Number(value.toFixed(digits))).replace("-", "−");
