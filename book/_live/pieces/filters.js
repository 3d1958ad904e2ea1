// Four filters against three kinds of noise, on a picture of the chapter or on
// the reader's own: how near does each come to the clean one?
live.page.pieces.filters = {
  needs: ["astronaut", "page", "brick"],

  start(face, given, explorer) {
    const { element, numeral, show } = live.page;
    // What computes it, and its sliders, whose first values the chapter gives; the
    // worker is given what they say.
    const noises = {
      Gaussian: {
        run: "add_gaussian_noise",
        sliders: { "standard deviation": { min: 0, max: 60 } },
      },
      "salt and pepper": {
        run: "add_salt_and_pepper",
        sliders: { "per cent of the pixels": { min: 0, max: 50 } },
        of: (share) => [share / 100],
      },
      shot: {
        run: "add_shot_noise",
        sliders: { "photons of white": { min: 2, max: 200 } },
      },
      none: { sliders: {} },
    };
    const filters = {
      Gaussian: {
        run: "gaussian_blur",
        sliders: { sigma: { min: 0.2, max: 8, step: 0.1 } },
      },
      box: {
        run: "blur",
        sliders: { "pixels a side": { min: 1, max: 15, step: 2 } },
      },
      median: {
        run: "median_blur",
        sliders: { "pixels a side": { min: 1, max: 15, step: 2 } },
      },
      bilateral: {
        run: "bilateral_filter",
        sliders: {
          "sigma of likeness": { min: 5, max: 200 },
          "sigma of nearness": { min: 0.5, max: 4, step: 0.1 },
        },
      },
    };

    // A list, and beside it the sliders of what is chosen. All of them take one
    // place, so that the page stays as it is when another one is chosen.
    const choice = (name, kinds, change) => {
      let chosen;
      const places = element("div", { className: "live-stack" });
      const values = {};
      const groups = Object.entries(kinds).map(([kind, { sliders }]) => {
        values[kind] = [...(given[name][kind] ?? [])];
        const made = Object.entries(sliders).map(([words, limits], at) =>
          live.page.slider(words, { ...limits, value: values[kind][at] }, (value) => {
            values[kind][at] = value;
            change();
          }),
        );
        return element("div", { className: "live-rows" }, ...made);
      });
      places.append(...groups);
      const choose = (kind) => {
        chosen = kind;
        Object.keys(kinds).forEach((each, at) => {
          groups[at].style.visibility = each === kind ? "" : "hidden";
        });
      };
      const list = live.page.list(name, Object.keys(kinds), (kind) => {
        choose(kind);
        change();
      });
      choose(Object.keys(kinds)[0]);
      const controls = [list, places];
      const now = () => {
        const { run, of = (...all) => all } = kinds[chosen];
        const stand = [...values[chosen]]; // they may move while it is computed
        return { kind: chosen, values: stand, call: [run, of(...stand)] };
      };
      return { controls, now };
    };

    let clean; // (1, H, W)
    let noisy;
    const best = new Map(); // by filter, against the noise that is shown
    const told = element("p", { className: "live-told live-records", role: "status" });
    const panel = (label) => {
      const canvas = live.page.canvas(label);
      const words = element("figcaption");
      return { canvas, words, figure: element("figure", {}, canvas, words) };
    };
    const before = panel("The picture with noise");
    const after = panel("The filtered picture");
    const decibels = (value) =>
      Number.isFinite(value) ? `${value.toFixed(1)} dB` : "no error";

    const filter = live.page.steady(
      async () => {
        const { kind, values, call: [name, settings] } = chosenFilter.now();
        const from = { clean, noisy };
        const filtered = await live.page.run(name, noisy, ...settings);
        const psnr = await live.page.run("psnr", clean, filtered);
        return { ...from, kind, values, filtered, psnr };
      },
      (found) => {
        explorer.result = found;
        show(after.canvas, found.filtered);
        after.words.textContent = `filtered: ${decibels(found.psnr)}`;
        if (found.noisy !== noisy) return; // of the noise before; the next one comes
        if (!(best.get(found.kind)?.psnr >= found.psnr)) best.set(found.kind, found);
        const records = [...best].map(([kind, { psnr, values }]) => {
          const stood = values.map((value) => numeral(value)).join(", ");
          return `${kind} ${decibels(psnr)} (${stood})`;
        });
        told.textContent = `Your best against this noise: ${records.join("; ")}.`;
      },
    );
    const spoil = live.page.steady(
      async () => {
        const { call: [name, settings] } = chosenNoise.now();
        const from = clean;
        const spoilt = name ? await live.page.run(name, clean, ...settings) : clean;
        return { from, spoilt, psnr: await live.page.run("psnr", clean, spoilt) };
      },
      (found) => {
        if (found.from !== clean) return;
        noisy = found.spoilt;
        best.clear();
        show(before.canvas, noisy);
        before.words.textContent =
          noisy === clean ? "clean" : `noisy: ${decibels(found.psnr)}`;
        filter();
      },
    );
    const chosenNoise = choice("noise", noises, spoil);
    const chosenFilter = choice("filter", filters, filter);

    const { astronaut, page, brick } = live.given;
    const bring = live.page.bring(
      (brought) => {
        clean = brought;
        spoil();
      },
      { fit: ["grey"], given: { astronaut, "brick wall": brick, "page of a book": page } },
    );
    bring.within(explorer);
    bring.choose();
    face.append(
      bring.controls,
      element(
        "div",
        { className: "explorer-controls live-choices" },
        ...chosenNoise.controls,
        ...chosenFilter.controls,
      ),
      element("div", { className: "live-pair" }, before.figure, after.figure),
      told,
      element(
        "p",
        { className: "live-hint" },
        "The higher the PSNR, the nearer to the clean picture. In brackets: where " +
          "the sliders of a filter stood.",
      ),
    );
  },
};
