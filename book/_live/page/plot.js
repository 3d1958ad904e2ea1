// Plots of lines, on a white card as the book's figures are.

// Make an element of a drawing: live.page.svg("line", {x1: 0}).
live.page.svg = function (name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// A plot whose axes stay as they are: x and y have low, high, ticks (numbers,
// or pairs of a number and its words), name, and log for a logarithmic axis.
// Its draw takes lines ({ x, y, colour, dash, width }), marks (upright lines,
// at numbers of x) and dots ({ at, colour }).
live.page.plot = function (label, x, y, { width = 320, height = 210 } = {}) {
  const { svg } = live.page;
  const [left, right, top, bottom] = [56, 14, 10, 36];
  const [wide, high] = [width - left - right, height - top - bottom];
  const share = (axis, value) => {
    const of = axis.log ? (each) => Math.log10(Math.max(each, 1e-99)) : Number;
    const place = (of(value) - of(axis.low)) / (of(axis.high) - of(axis.low));
    return Math.min(9, Math.max(-9, place)); // far outside is outside
  };
  const across = (value) => (wide * share(x, value)).toFixed(1);
  const down = (value) => (high * (1 - share(y, value))).toFixed(1);

  const frame = svg("g", { transform: `translate(${left}, ${top})` });
  const text = (words, places) => frame.append(svg("text", places, words));
  const pair = (tick) =>
    Array.isArray(tick) ? tick : [tick, String(tick).replace("-", "−")];
  for (const [at, words] of x.ticks.map(pair)) {
    text(words, { x: across(at), y: high + 16, "text-anchor": "middle" });
  }
  for (const [at, words] of y.ticks.map(pair)) {
    frame.append(
      svg("line", { x2: wide, y1: down(at), y2: down(at), class: "live-grid" }),
    );
    text(words, { x: -6, y: Number(down(at)) + 4, "text-anchor": "end" });
  }
  text(x.name, { x: wide / 2, y: high + 31, "text-anchor": "middle" });
  text(y.name, {
    transform: `translate(${14 - left}, ${high / 2}) rotate(-90)`,
    "text-anchor": "middle",
  });
  frame.append(svg("path", { d: `M0 0V${high}H${wide}`, class: "live-axes" }));
  const inside = svg("svg", { width: wide, height: high }); // what leaves it is cut
  frame.append(inside);

  const line = ({ x: xs, y: ys, colour, dash = "none", width: thick = 1.8 }) =>
    svg("polyline", {
      points: xs.map((value, at) => `${across(value)},${down(ys[at])}`).join(" "),
      stroke: colour, "stroke-dasharray": dash, "stroke-width": thick,
    });
  const mark = (at) =>
    svg("line", { x1: across(at), x2: across(at), y2: high, class: "live-mark" });
  const dot = ({ at: [a, b], colour }) =>
    svg("circle", { cx: across(a), cy: down(b), r: 4.5, fill: colour });
  return {
    face: svg(
      "svg",
      {
        class: "live-plot", role: "img", "aria-label": label,
        viewBox: `0 0 ${width} ${height}`, width, height,
      },
      frame,
    ),
    draw: ({ lines = [], marks = [], dots = [] }) =>
      inside.replaceChildren(...marks.map(mark), ...lines.map(line), ...dots.map(dot)),
  };
};
