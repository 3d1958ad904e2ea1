// A race of optimizers into a valley, from a start that the reader chooses.
live.page.pieces.optimizers = {
  needs: ["palette"],

  start(face, given, explorer) {
    const { element, numeral, svg } = live.page;
    const steps = 60;
    const [far, up, unit] = [2, 1.6, 80]; // the valley shown, and pixels for 1
    let { rate, momentum, condition_number: kappa } = given;
    let start = [1, 1];
    let step = steps;

    // As the chapter's own code makes them.
    const makers = {
      SGD: () => ["SGD", {}],
      momentum: () => ["SGD", { momentum }],
      Nesterov: () => ["SGD", { momentum, nesterov: momentum > 0 }],
      RMSprop: () => ["RMSprop", { alpha: 0.9, momentum }],
      Adam: () => ["Adam", { betas: [momentum, 0.9] }],
    };
    const dashes = ["none", "7 3", "7 2 2 2", "2 3", "12 3"];
    const colours = Object.values(live.given.palette);
    const python = (value) =>
      Array.isArray(value) ? `(${value.join(", ")})` : value === true ? "True" : value;

    // Numbers from 1e-99 to 1e99 in few letters.
    const power = (exponent) =>
      `10${[...String(exponent)].map((letter) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[letter] ?? "⁻").join("")}`;
    const short = (value) => {
      if (value === 0 || (value >= 0.001 && value < 1000)) {
        return String(Number(value.toPrecision(2)));
      }
      const [digits, exponent] = value.toExponential(1).split("e");
      return `${digits} · ${power(Number(exponent))}`;
    };

    // A row for each optimizer: whether it takes part, its colour, its loss.
    const body = element("tbody");
    const racers = Object.keys(makers).map((name, at) => {
      const there = element("input", { type: "checkbox", checked: true });
      there.addEventListener("input", () => update());
      const colour = colours[at];
      const [code, loss] = [element("code"), element("td")];
      const line = svg("svg", { width: 28, height: 8, "aria-hidden": "true" });
      line.append(
        svg("line", {
          x2: 28, y1: 4, y2: 4,
          stroke: colour, "stroke-width": 3, "stroke-dasharray": dashes[at],
        }),
      );
      body.append(
        element(
          "tr",
          {},
          element("th", { scope: "row" }, element("label", {}, there, line, name)),
          element("td", {}, code),
          loss,
        ),
      );
      return { name, colour, dash: dashes[at], there, code, loss };
    });
    const reached = element("th", { scope: "col" });

    // The valley, seen from above.
    const contours = svg("g", { class: "live-contours" });
    const paths = svg("g");
    const end = { "text-anchor": "end" };
    const flat = svg("text", { ...end, x: 2 * far * unit - 6, y: 2 * up * unit - 7 });
    const turned = { transform: "translate(14, 6) rotate(-90)" };
    const steep = svg("text", { ...end, ...turned }, "steep: curvature 1");
    const pixel = (value) => Number((unit * Math.max(-99, Math.min(99, value))).toFixed(1));
    const across = (x) => pixel(far + x);
    const down = (y) => pixel(up - y);
    // Where the loss is that of (0, radius), as far as it is seen.
    const contour = (radius) => {
      const widest = Math.min(far, radius * Math.sqrt(kappa));
      const half = Array.from({ length: 61 }, (_, at) => {
        const x = widest * Math.sin((Math.PI * (at - 30)) / 60);
        return [x, Math.sqrt(Math.max(0, radius * radius - (x * x) / kappa))];
      });
      const line = (sign) =>
        half.map(([x, y]) => `${across(x)} ${down(sign * y)}`).join(" ");
      return svg("path", { d: `M${line(1)}M${line(-1)}` });
    };
    const floor = svg("path", {
      d: `M${across(0) - 5} ${down(0)}h10m-5-5v10`, class: "live-axes",
    });
    const valley = svg(
      "svg",
      {
        class: "live-plot live-valley", role: "slider", tabindex: 0,
        viewBox: `0 0 ${2 * far * unit} ${2 * up * unit}`,
        width: 2 * far * unit, height: 2 * up * unit,
        "aria-valuemin": -far, "aria-valuemax": far,
        "aria-label": "Start in the valley; arrow keys move it",
      },
      contours, floor, paths, flat, steep,
    );
    const go = (x, y) => {
      const near = (value, most) =>
        Math.max(-most, Math.min(most, Math.round(20 * value) / 20));
      start = [near(x, far), near(y, up)];
      update();
    };
    const point = (event) => {
      const place = valley.getBoundingClientRect();
      go(
        (2 * (event.clientX - place.left) / place.width - 1) * far,
        (1 - (2 * (event.clientY - place.top)) / place.height) * up,
      );
    };
    valley.addEventListener("click", point);
    valley.addEventListener("pointermove", (event) => {
      if (event.buttons && event.pointerType !== "touch") point(event); // a finger scrolls
    });
    const keys = {
      ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0],
    };
    valley.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      const size = event.shiftKey ? 0.5 : 0.1;
      go(...start.map((value, axis) => value + size * keys[event.key][axis]));
    });

    const plot = live.page.plot(
      "The loss of each optimizer after each step",
      { low: -1, high: steps + 1, ticks: [0, 20, 40, 60], name: "step" },
      {
        low: 1e-8, high: 100, log: true, name: "loss",
        ticks: [-8, -6, -4, -2, 0, 2].map((each) => [10 ** each, each ? power(each) : "1"]),
      },
      { height: 2 * up * unit },
    );
    const told = element("p", { className: "live-told live-two-lines", role: "status" });

    const dot = ([x, y], looks) => svg("circle", { cx: across(x), cy: down(y), ...looks });

    // Draw as far as the step; the way beyond it stays, faintly.
    const draw = () => {
      const racing = racers.filter(({ there }) => there.checked);
      paths.replaceChildren(
        ...racing.flatMap(({ path, colour }) => {
          const places = path.map(([x, y]) => `${across(x)} ${down(y)}`);
          const way = (points, opacity) =>
            svg(
              "g",
              { stroke: colour, opacity },
              svg("polyline", { points: points.join(" ") }),
              svg("path", {
                d: points.map((each) => `M${each}h0`).join(""), class: "live-steps",
              }),
            );
          const rest = step < steps ? [way(places.slice(step), 0.25)] : [];
          return [...rest, way(places.slice(0, step + 1), 1)];
        }),
        dot(start, { r: 6, class: "live-start" }),
        ...racing.map(({ path, colour }) => dot(path[step], { r: 5, fill: colour })),
      );
      const numbers = Array.from({ length: steps + 1 }, (_, at) => at);
      plot.draw({
        lines: racing.map(({ losses: y, colour, dash }) => ({ x: numbers, y, colour, dash })),
        marks: step < steps ? [step] : [],
        dots: racing.map(({ losses, colour }) => ({ at: [step, losses[step]], colour })),
      });
      const least = Math.min(...racing.map(({ losses }) => losses[step]));
      for (const { there, losses, loss } of racers) {
        loss.textContent = short(losses[step]);
        loss.classList.toggle("live-chosen", there.checked && losses[step] === least);
      }
      reached.textContent = `loss after ${step}`;
    };
    const say = () => {
      const racing = racers.filter(({ there }) => there.checked);
      const [first] = [...racing].sort((a, b) => a.losses[step] - b.losses[step]);
      const higher = racing.filter(({ losses }) => losses[step] > losses[0]);
      const names = higher.map(({ name }) => name).join(", ");
      told.textContent =
        `Start: x = ${numeral(start[0])}, y = ${numeral(start[1])}. ` +
        (first
          ? `After ${step} steps, ${first.name} has the least loss, ` +
            `${short(first.losses[step])}.`
          : "No optimizer is chosen.") +
        (names && ` Higher than at the start: ${names}.`);
    };
    const update = () => {
      const curvatures = [1 / kappa, 1];
      for (const racer of racers) {
        const [optimizer, more] = makers[racer.name]();
        const options = { lr: rate, ...more };
        racer.path = live.descend(optimizer, curvatures, start, steps, options);
        racer.losses = racer.path.map((at) => live.valley(at, curvatures));
        const words = Object.entries(options).map((each) => each.map(python).join("="));
        racer.code.textContent = `${optimizer}(${words.join(", ")})`;
      }
      explorer.result = {
        start,
        racers: Object.fromEntries(
          racers.map(({ name, path, losses }) => [name, { path, losses }]),
        ),
      };
      flat.textContent = `flat: curvature ${numeral(1 / kappa, 3)}`;
      const radii = Array.from({ length: 13 }, (_, at) => 0.2 * (at + 1));
      contours.replaceChildren(...radii.map(contour));
      valley.setAttribute("aria-valuenow", start[0]);
      const [x, y] = start.map((value) => numeral(value));
      valley.setAttribute("aria-valuetext", `x ${x}, y ${y}`);
      draw();
      say();
    };

    // Nothing moves for readers who want no motion: they have the slider.
    const limits = { min: 0, max: steps, value: steps };
    const along = live.page.slider("step", limits, (value) => {
      stop();
      step = value;
      draw();
      say();
    });
    along.querySelector("output").setAttribute("aria-live", "off"); // not 60 numbers
    const play = element("button", { type: "button" }, "play");
    let playing = null;
    const stop = () => {
      cancelAnimationFrame(playing);
      playing = null;
      play.textContent = "play";
    };
    const show = (value) => {
      step = value;
      along.querySelector("input").value = step;
      along.querySelector("output").value = step;
      draw();
    };
    play.addEventListener("click", () => {
      if (playing !== null) {
        stop();
        say();
        return;
      }
      const from = step === steps ? 0 : step;
      let begun = null;
      const next = (now) => {
        begun ??= now;
        const due = Math.min(steps, from + Math.floor((now - begun) / 90));
        if (due !== step) show(due);
        if (step < steps) {
          playing = requestAnimationFrame(next);
        } else {
          stop();
          say();
        }
      };
      play.textContent = "pause";
      playing = requestAnimationFrame(next);
    });
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const allow = () => {
      play.hidden = still.matches;
      if (still.matches) stop();
    };
    still.addEventListener("change", allow);
    allow();

    const slider = (name, range, set) =>
      live.page.slider(name, range, (value) => {
        set(value);
        update();
      });
    face.append(
      element(
        "div",
        { className: "explorer-controls live-sliders" },
        slider("rate", { min: 0.02, max: 2.2, step: 0.02, value: rate }, (value) => {
          rate = value;
        }),
        slider("momentum", { min: 0, max: 0.99, step: 0.01, value: momentum }, (value) => {
          momentum = value;
        }),
        slider("condition number", { min: 1, max: 100, value: kappa }, (value) => {
          kappa = value;
        }),
      ),
      element("div", { className: "live-panels" }, valley, plot.face),
      element("div", { className: "explorer-controls live-race" }, along, play),
      element(
        "table",
        { className: "live-racers" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { scope: "col" }, "optimizer"),
            element("th", { scope: "col" }, "in Python"),
            reached,
          ),
        ),
        body,
      ),
      told,
      element(
        "p",
        { className: "live-hint" },
        "Click into the valley to start there, or go to it with Tab and use the arrow keys.",
      ),
    );
    update();
  },
};
