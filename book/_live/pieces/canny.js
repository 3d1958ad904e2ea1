// Canny's edges, while the blur and the two thresholds move.
live.page.pieces.canny = {
  needs: ["coins", "astronaut", "palette"],

  start(face, given, explorer) {
    const { element } = live.page;
    const settings = { ...given }; // blur, low, high
    let grey; // (1, H, W)
    let thinned; // of which picture and blur it was made, and what
    let found;
    let look = "edges";
    const canvas = live.page.canvas("Edges", 512);
    const told = element("p", { className: "live-told", role: "status" });
    const key = element("p", { className: "live-key" });

    const trace = live.page.steady(
      async () => {
        const { blur, low, high } = settings;
        if (thinned?.grey !== grey || thinned.blur !== blur) {
          const [from, sigma] = [grey, blur];
          const blurred = blur ? await live.page.run("gaussian_blur", grey, blur) : grey;
          const { dx, dy } = await live.page.run("sobel", blurred);
          const thin = await live.page.run("thin_edges", dx, dy);
          thinned = { grey: from, blur: sigma, blurred, thin };
        }
        const edges = await live.page.run("hysteresis", thinned.thin, low, high);
        const { count } = await live.page.run("connected_components", edges);
        return { ...thinned, low, high, edges, count };
      },
      (made) => {
        found = explorer.result = made;
        const pixels = found.edges.data.reduce((sum, value) => sum + (value > 0), 0);
        const { thousands } = live.page;
        told.textContent =
          `${thousands(pixels)} edge ${pixels === 1 ? "pixel" : "pixels"} in ` +
          `${thousands(found.count)} ${found.count === 1 ? "piece" : "pieces"}`;
        paint();
      },
    );

    const { colour, packed } = live.page;
    const colours = [colour("blue"), colour("orange"), [187, 187, 187]];
    const [strong, weak, lost] = colours.map((rgb) => packed(...rgb));
    const [black, white] = [packed(0), packed(255)];
    const looks = {
      edges: (at) => (found.edges.data[at] ? black : white),
      picture: (at) => (found.edges.data[at] ? weak : packed(found.blurred.data[at])),
      thresholds: (at) => {
        const strength = found.thin.data[at];
        if (strength > found.high) return strong;
        if (found.edges.data[at]) return weak;
        return strength > found.low ? lost : white;
      },
    };
    const paint = () => {
      live.page.paint(canvas, found.edges.shape.slice(1), looks[look]);
      key.style.visibility = look === "thresholds" ? "" : "hidden";
    };
    const patch = (rgb, words) =>
      element(
        "span",
        {},
        element("i", { style: { backgroundColor: `rgb(${rgb.join(", ")})` } }),
        words,
      );
    const words = [
      "above the high threshold", "between the two, hanging on to it", "between the two, dropped",
    ];
    key.append(...words.map((each, at) => patch(colours[at], each)));

    // The low threshold is never above the high one: each pushes the other.
    const sliders = {};
    const set = (name, value) => {
      settings[name] = value;
      for (const each of ["input", "output"]) {
        sliders[name].querySelector(each).value = value;
      }
    };
    const make = (name, words, limits) => {
      const change = (value) => {
        settings[name] = value;
        if (name === "low" && settings.high < value) set("high", value);
        if (name === "high" && settings.low > value) set("low", value);
        trace();
      };
      sliders[name] = live.page.slider(words, { ...limits, value: settings[name] }, change);
      return sliders[name];
    };
    const bring = live.page.bring(
      (brought) => {
        grey = brought;
        trace();
      },
      { fit: ["grey"], given: { coins: live.given.coins, astronaut: live.given.astronaut } },
    );
    bring.within(explorer);
    bring.choose();
    face.append(
      bring.controls,
      element(
        "div",
        { className: "live-rows" },
        make("blur", "blur, sigma", { min: 0, max: 6, step: 0.1 }),
        make("low", "low threshold", { min: 0, max: 500 }),
        make("high", "high threshold", { min: 0, max: 500 }),
      ),
      element(
        "div",
        { className: "explorer-controls" },
        live.page.buttons("show", Object.keys(looks), (name) => {
          look = name;
          if (found) paint();
        }),
      ),
      element("div", { className: "live-large" }, canvas),
      told,
      key,
    );
  },
};
