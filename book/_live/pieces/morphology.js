// What a structuring element leaves of a picture, grey or after a threshold.
live.page.pieces.morphology = {
  needs: ["coins", "page", "palette"],

  start(face, given, explorer) {
    const { element, show } = live.page;
    const operations = [
      "erode", "dilate", "open", "close", "gradient", "top-hat", "black-hat",
    ];
    const shapes = ["ellipse", "rect", "cross", "diamond"];
    const chosen = {
      operation: operations[0], shape: shapes[0],
      when: "no", hand: false, level: 128, ...given,
    };
    let grey; // (1, H, W)
    let found;
    let at = null; // where the element lies; in the middle unless somebody points

    const panel = (label) => {
      const canvas = live.page.canvas(label);
      const words = element("figcaption");
      return { canvas, words, figure: element("figure", {}, canvas, words) };
    };
    const before = panel("The picture, and the element on it");
    const after = panel("The result");
    const levels = live.page.canvas("How many pixels have each grey level");
    const ofWhat = element("figcaption");
    const told = element("p", { className: "live-told", role: "status" });
    const pointed = element("p", { className: "live-told", role: "status" });

    const compute = live.page.steady(
      async () => {
        const { run } = live.page;
        const { operation, shape, width, height, when, hand, level } = chosen;
        const kernel = live.structuring_element(shape, [width, height]);
        const made = { grey, kernel, when, level: null, source: grey };
        // Split a picture in black and white, and note how.
        const split = async (picture) => {
          made.levels = await run("histogram", picture);
          if (when === "no") return picture;
          made.level = hand ? level : await run("otsu_threshold", picture);
          return run("threshold", picture, made.level);
        };
        if (when !== "after") made.source = await split(grey);
        made.result = await run("morphology_ex", made.source, operation, kernel);
        if (when === "after") made.result = await split(made.result);
        if (when !== "no") {
          made.regions = (await run("connected_components", made.result)).count;
        }
        return made;
      },
      (made) => {
        found = explorer.result = made;
        if (found.level !== null) setLevel(found.level);
        const mean = ({ data }) =>
          data.reduce((sum, value) => sum + value, 0) / data.length;
        before.words.textContent =
          found.when === "before" ? "picture, split" : "picture";
        after.words.textContent =
          found.when === "after" ? "result, split" : "result";
        const split = found.when === "after" ? "result" : "picture";
        ofWhat.textContent = `grey levels of the ${split}`;
        if (found.when === "no") {
          const [first, last] = [found.source, found.result].map(mean);
          told.textContent =
            `Mean grey level: ${first.toFixed(1)} before, ${last.toFixed(1)} after.`;
        } else {
          const white = ((100 * mean(found.result)) / 255).toFixed(1);
          told.textContent =
            `Above ${found.level}: ${white} % white, in ${found.regions} ` +
            `${found.regions === 1 ? "region" : "regions"}.`;
        }
        show(after.canvas, found.result);
        paint();
        paintLevels();
      },
    );

    const { colour, packed } = live.page;
    const [blue, line] = ["blue", "vermillion"].map((name) => packed(...colour(name)));
    const sky = colour("sky");

    // The picture, and in blue the element where it lies on it.
    const paint = () => {
      const [, height, width] = found.source.shape;
      const [rows, columns] = found.kernel.shape;
      const [row, column] = at ?? [height >> 1, width >> 1];
      const covered = new Uint8Array(height * width);
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const [y, x] = [row + r - (rows >> 1), column + c - (columns >> 1)];
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          if (inside) covered[y * width + x] = found.kernel.data[r * columns + c];
        }
      }
      const [red, green, below] = sky.map((each) => 0.75 * each);
      live.page.paint(before.canvas, [height, width], (place) => {
        const level = found.source.data[place];
        const rest = 0.25 * level;
        return covered[place] ? packed(rest + red, rest + green, rest + below) : packed(level);
      });
      const place = row * width + column;
      pointed.textContent = at
        ? `Row ${row}, column ${column}: ` +
          `${found.source.data[place]} becomes ${found.result.data[place]}.`
        : "";
    };

    // A bar for each grey level; what is above the threshold is blue.
    const paintLevels = () => {
      const high = 56;
      const most = Math.sqrt(found.levels.reduce((a, b) => Math.max(a, b)));
      const [plain, white] = [packed(140), packed(255)];
      const bars = Array.from(found.levels, (count, value) => ({
        top: found.level === value ? 0 : high - Math.ceil((high * Math.sqrt(count)) / most),
        ink:
          found.level === value ? line
            : found.level !== null && value > found.level ? blue
              : plain,
      }));
      live.page.paint(levels, [high, 256], (place) => {
        const { top, ink } = bars[place % 256];
        return place >> 8 < top ? white : ink;
      });
    };

    const slider = (name, limits) =>
      live.page.slider(name, { ...limits, value: chosen[name] }, (value) => {
        chosen[name] = value;
        compute();
      });
    const side = { min: 1, max: 75, step: 2 };
    const list = (name, labels) =>
      live.page.list(name, labels, (label) => {
        chosen[name] = label;
        compute();
      });
    const by = live.page.buttons("level", ["Otsu's", "by hand"], (label) => {
      chosen.hand = label === "by hand";
      compute();
    });
    const limits = { min: 0, max: 255, value: chosen.level };
    const level = live.page.slider("grey level", limits, (value) => {
      Object.assign(chosen, { hand: true, level: value });
      by.querySelector("[value='by hand']").checked = true;
      compute();
    });
    const setLevel = (value) => {
      if (chosen.hand) return;
      chosen.level = value; // where a hand would begin
      for (const each of ["input", "output"]) level.querySelector(each).value = value;
    };
    const when = live.page.buttons("threshold", ["no", "before", "after"], (label) => {
      chosen.when = label;
      toggle();
      compute();
    });
    const toggle = () => {
      for (const each of [by, level]) {
        each.style.visibility = chosen.when === "no" ? "hidden" : "";
      }
    };
    toggle();

    for (const { canvas } of [before, after]) {
      live.page.pointed(canvas, (row, column) => {
        at = row === null ? null : [row, column];
        if (found) paint();
      });
      canvas.style.touchAction = "pan-y"; // a finger may still scroll the page
    }
    const bring = live.page.bring(
      (brought) => {
        grey = brought;
        at = null;
        compute();
      },
      { fit: ["grey"], given: { coins: live.given.coins, "page of a book": live.given.page } },
    );
    bring.within(explorer);
    bring.choose();
    face.append(
      bring.controls,
      element(
        "div",
        { className: "explorer-controls" },
        list("operation", operations),
        list("shape", shapes),
      ),
      element(
        "div",
        { className: "live-rows" },
        slider("width", side),
        slider("height", side),
      ),
      element("div", { className: "explorer-controls" }, when, by),
      element("div", { className: "live-rows" }, level),
      element(
        "div",
        { className: "live-pair" },
        before.figure,
        after.figure,
        element(
          "figure",
          { className: "live-wide" },
          levels,
          ofWhat,
        ),
      ),
      told,
      pointed,
      element(
        "p",
        { className: "live-hint" },
        "Blue: the element. Point at a pixel, or move there with the arrow keys, to " +
          "lay it there.",
      ),
    );
  },
};
