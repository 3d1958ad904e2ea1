// Ten logits to drag: their probabilities, a loss, and the loss's gradient.
live.page.pieces.softmax = {
  needs: ["palette"],

  start(face, given, explorer) {
    const { element } = live.page;
    const { palette } = live.given;
    const [lowest, highest] = [-10, 10];
    const losses = {
      "cross entropy": "cross_entropy",
      "after a softmax": "cross_entropy_after_softmax",
      "squared error": "squared_error",
      hinge: "multi_margin_loss",
    };
    let z = given.logits;
    let right = given.right;
    let loss = "cross entropy";
    let label_smoothing = 0;
    const fixed = (value, digits) => {
      const text = value.toFixed(digits);
      return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
    };
    const smoothed = () => (loss === "cross entropy" ? label_smoothing : 0);

    // A row for each class: whether it is right, its logit, and what follows.
    const table = element("tbody");
    const rows = z.map((_, j) => {
      const chosen = element("input", {
        type: "radio", name: "live-right-class", checked: j === right,
        "aria-label": `${j} is right`,
      });
      chosen.addEventListener("input", () => {
        right = j;
        update();
      });
      const logit = element("input", {
        type: "range", min: lowest, max: highest, step: 0.1, "aria-label": `logit of ${j}`,
      });
      logit.addEventListener("input", () => {
        z = z.map((value, at) => (at === j ? logit.valueAsNumber : value));
        update();
      });
      const cell = (kind) => {
        const [bar, number] = [element("i"), element("span")];
        const td = element("td", {}, element("b", { className: kind }, bar), number);
        return { bar, number, td };
      };
      const [probability, gradient] = [cell("live-probability"), cell("live-gradient")];
      const said = element("span");
      const row = element(
        "tr",
        {},
        element("th", { scope: "row" }, element("label", {}, chosen, String(j))),
        element("td", {}, logit, said),
        probability.td,
        gradient.td,
      );
      table.append(row);
      return { row, logit, said, probability, gradient };
    });
    const sums = [element("td"), element("td")];
    const title = (words) => element("th", { scope: "col" }, words);

    // What the loss would be for other logits of the right class.
    const points = Array.from({ length: 100 }, (_, at) => lowest + 0.1 + at / 5);
    const axis = { low: lowest, high: highest, ticks: [-10, -5, 0, 5, 10] };
    axis.name = "logit of the right class";
    const plots = [
      live.page.plot("The loss against the logit of the right class", axis, {
        low: -0.2, high: 12, ticks: [0, 4, 8, 12], name: "loss",
      }),
      live.page.plot("Its gradient against the logit of the right class", axis, {
        low: -1.05, high: 0.45, ticks: [-1, -0.5, 0], name: "gradient",
      }),
    ];
    const curve = (name, options) => {
      const all = points.map((point) => {
        const moved = z.map((value, at) => (at === right ? point : value));
        return live[losses[name]](moved, right, options);
      });
      return [all.map((each) => each.loss), all.map((each) => each.gradient[right])];
    };
    const key = element("p", { className: "live-legend" });

    const told = element("p", { className: "live-told live-two-lines", role: "status" });
    const smoothing = live.page.slider(
      "label smoothing",
      { min: 0, max: 0.5, step: 0.05, value: 0 },
      (value) => {
        label_smoothing = value;
        update();
      },
    );
    const add = (words, number) => {
      const button = element("button", { type: "button" }, words);
      const by = () => number ?? -Math.max(...z);
      button.addEventListener("click", () => {
        const all = by();
        z = z.map((value) => Math.round(10 * (value + all)) / 10);
        update(`${fixed(all, 1)} added to all: no probability changes. `);
      });
      const fits = () => {
        const moved = z.map((value) => value + by());
        return by() !== 0 && Math.min(...moved) >= lowest && Math.max(...moved) <= highest;
      };
      return { button, fits };
    };
    const added = [add("+1", 1), add("−1", -1), add("highest to 0")];

    const update = (words = "") => {
      const options = { label_smoothing: smoothed() };
      const { loss: paid, gradient } = live[losses[loss]](z, right, options);
      const probabilities = live.log_softmax(z).map(Math.exp);
      explorer.result = { logits: z, right, probabilities, loss: paid, gradient };
      rows.forEach((each, j) => {
        const share = (value) => (value - lowest) / (highest - lowest);
        each.row.classList.toggle("live-chosen", j === right);
        each.logit.value = z[j];
        each.logit.setAttribute("aria-valuetext", fixed(z[j], 1));
        each.logit.style.setProperty("--from", share(Math.min(0, z[j])));
        each.logit.style.setProperty("--to", share(Math.max(0, z[j])));
        each.said.textContent = fixed(z[j], 1);
        each.probability.bar.style.width = `${100 * probabilities[j]}%`;
        each.probability.number.textContent = fixed(probabilities[j], 3);
        each.gradient.bar.style.left = `${50 + 50 * Math.min(0, gradient[j])}%`;
        each.gradient.bar.style.width = `${50 * Math.abs(gradient[j])}%`;
        each.gradient.number.textContent = fixed(gradient[j], 3);
      });
      [probabilities, gradient].forEach((numbers, at) => {
        sums[at].textContent = fixed(numbers.reduce((a, b) => a + b, 0), 3);
      });
      smoothing.querySelector("input").disabled = loss !== "cross entropy";
      for (const { button, fits } of added) button.disabled = !fits();

      // The least that any logits pay, where it is not 0.
      const classes = z.length;
      const rest = smoothed() / classes;
      const most = 1 - (classes - 1) * rest;
      const least = loss === "after a softmax"
        ? Math.log(1 + (classes - 1) / Math.E)
        : smoothed() && -most * Math.log(most) - (classes - 1) * rest * Math.log(rest);
      const parts = [fixed(live.logsumexp(z), 3), fixed(z[right], 1)];
      const made = least
        ? `: no logits make it less than ${fixed(least, 3)}`
        : loss === "cross entropy"
          ? `: log-sum-exp ${parts[0]} minus the right logit ${parts[1]}`
          : "";
      told.textContent = `${words}Loss ${fixed(paid, 3)}${made}.`;

      const plain = loss === "cross entropy" && !smoothed();
      const curves = curve(loss, options);
      const beside = plain ? null : curve("cross entropy");
      const lowestAt = curves[0].indexOf(Math.min(...curves[0]));
      const marks = lowestAt + 1 < points.length ? [points[lowestAt]] : [];
      plots.forEach((plot, at) => {
        const line = (y, colour, more) => ({ x: points, y, colour, ...more });
        const lines = [line(curves[at], palette.blue, { width: 2.4 })];
        if (beside) {
          lines.unshift(line(beside[at], palette.vermillion, { dash: "6 3", width: 1.4 }));
        }
        const here = [z[right], at ? gradient[right] : paid];
        plot.draw({ lines, marks, dots: [{ at: here, colour: palette.blue }] });
      });
      const entry = (words, borderTopColor, borderTopStyle = "solid") =>
        element(
          "span",
          {},
          element("i", { style: { borderTopColor, borderTopStyle } }),
          words,
        );
      key.replaceChildren(
        entry(smoothed() ? `${loss}, smoothed` : loss, palette.blue),
        ...(beside ? [entry("cross entropy", palette.vermillion, "dashed")] : []),
      );
    };

    face.append(
      element(
        "div",
        { className: "explorer-controls" },
        live.page.list("loss", Object.keys(losses), (name) => {
          loss = name;
          update();
        }),
        smoothing,
        element(
          "fieldset",
          { className: "explorer-control live-add" },
          element("legend", {}, "add to all"),
          ...added.map(({ button }) => button),
        ),
      ),
      element(
        "table",
        { className: "live-logits" },
        element(
          "thead",
          {},
          element("tr", {}, ...["right", "logit", "probability", "gradient"].map(title)),
        ),
        table,
        element(
          "tfoot",
          {},
          element("tr", {}, element("th", { scope: "row" }, "sum"), element("td"), ...sums),
        ),
      ),
      told,
      key,
      element("div", { className: "live-panels" }, ...plots.map((plot) => plot.face)),
      element(
        "p",
        { className: "live-hint" },
        "Drag a logit, or go to it with Tab and use the arrow keys. The button at the " +
          "left of a row makes its class the right one. Where the loss is least, there " +
          "is a dotted line.",
      ),
    );
    update();
  },
};
