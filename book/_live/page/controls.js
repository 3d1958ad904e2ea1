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
  const [height, width] = colours ? shape : shape.slice(-2);
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const level = (value) => (255 * (value - low)) / (high - low);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * at + channel] = level(
        data[colours ? 3 * at + channel : at],
      );
    }
    image.data[4 * at + 3] = 255;
  }
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
  canvas.addEventListener("pointerleave", leave);
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

// Read the pixels of an address that holds a picture itself (data:).
live.page.pixels = async function (address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return live.page.pixelsOf(image, image.width, image.height);
};

live.page.pixelsOf = function (drawable, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(drawable, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const colours = live.tensor([height, width, 3], new Uint8Array(3 * width * height));
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      colours.data[3 * at + channel] = data[4 * at + channel];
    }
  }
  return colours;
};

// Numbers as the book writes them.
live.page.numeral = (value, digits = 2) =>
  String(Number(value.toFixed(digits))).replace("-", "−");

// The limit that a hundredth of the numbers exceed in size.
live.page.strongest = function (data) {
  const sizes = Float32Array.from(data, Math.abs).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))];
};
