// The answers of a network: a row for each class, with a bar and a number. One
// class is asked about; choose is called with its place when another one is.
live.page.answers = function (classes, choose) {
  const { element } = live.page;
  live.page.answers.count = (live.page.answers.count ?? 0) + 1;
  const name = `live-answers-${live.page.answers.count}`;
  const rows = classes.map((label, k) => {
    const radio = element("input", { type: "radio", name, value: label });
    radio.addEventListener("input", () => choose(k));
    const [bar, before] = [element("i"), element("b")];
    const number = element("span", { className: "live-answer-number" });
    const row = element(
      "label",
      { className: "live-answer" },
      radio,
      element("span", {}, label),
      element("span", { className: "live-answer-bar" }, bar, before),
      number,
    );
    return { row, radio, bar, before, number };
  });
  const shown = element(
    "div",
    { className: "live-answers", role: "radiogroup", "aria-label": "class to ask about" },
    ...rows.map(({ row }) => row),
  );
  // Show probabilities, and by a mark what they were before, if that is given.
  const show = (now, before = null) =>
    rows.forEach(({ bar, before: mark, number }, k) => {
      bar.style.width = `${100 * now[k]}%`;
      mark.hidden = !before;
      if (before) mark.style.left = `${100 * before[k]}%`;
      number.textContent = now[k].toFixed(2);
    });
  const ask = (k) => {
    rows[k].radio.checked = true;
  };
  return { shown, show, ask };
};

// Draw what cvlib.figures.inside.overlay draws: heat (H, W) over a pale grey
// copy of x (3, H, W), vermillion where it is positive, blue where negative.
live.page.overlay = function (canvas, x, heat) {
  const [, height, width] = x.shape;
  const size = height * width;
  const most = Math.max(1e-12, heat.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
  const colours = live.tensor([height, width, 3]);
  for (let at = 0; at < size; at++) {
    const mean = (x.data[at] + x.data[size + at] + x.data[2 * size + at]) / 3;
    const grey = 255 * (0.3 + 0.7 * mean);
    const share = (0.85 * Math.abs(heat.data[at])) / most;
    const colour = heat.data[at] > 0 ? [213, 94, 0] : [0, 114, 178];
    colour.forEach((each, channel) => {
      colours.data[3 * at + channel] = grey + (each - grey) * share;
    });
  }
  live.page.show(canvas, colours);
};

// Give each picture that is brought to a network, as book/live.py writes it. Of
// the last one, answered gets the pixels as (3, H, W), the layers, what each of
// them gives, and the class that has the highest score.
live.page.classify = function (network, answered) {
  let layers;
  let turn = 0;
  return async (pixels) => {
    const now = ++turn;
    const x = live.to_tensor(pixels);
    layers ??= await live.page.run("unpack", network);
    const outputs = await live.page.run("forward", layers, x);
    if (now !== turn) return;
    const scores = outputs.at(-1).data;
    answered({ pixels, x, layers, outputs, best: scores.indexOf(Math.max(...scores)) });
  };
};
