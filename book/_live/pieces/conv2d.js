// A kernel to type or drag, on a photograph or on the reader's own picture.
live.page.pieces.conv2d = {
  needs: ["camera"],

  start(face, { kernels }, explorer) {
    const { element, numeral, show } = live.page;
    const names = Object.keys(kernels);
    let grey; // (1, H, W)
    let result;
    let weight = kernels[names[0]];
    let margin;
    let at = null; // where the reader points, or pointed last

    const picture = live.page.canvas("The picture", 200);
    const made = live.page.canvas("What the kernel makes of it", 200);
    const table = element("table", { className: "live-kernel" });
    const sum = element("figcaption");
    const told = element("p", { className: "live-told", role: "status" });

    const compute = live.page.steady(
      () =>
        live.page.run(
          "filtered",
          grey,
          live.tensor([weight.length, weight.length], Float32Array.from(weight.flat())),
        ),
      ({ y: found, strongest }) => {
        result = explorer.result = found;
        const total = weight.flat().reduce((a, b) => a + b, 0);
        const keeps = Math.abs(total - 1) < 1e-5;
        const strong = strongest || 1;
        show(made, found, keeps ? 0 : -strong, keeps ? 255 : strong);
        sum.textContent = `kernel, sum ${numeral(total)}`;
        if (at) explain();
      },
    );

    // A cell of the kernel takes what is typed, or what a pointer drags up.
    const cell = (row, column) => {
      const input = element("input", {
        type: "number", step: "any",
        "aria-label": `Weight in row ${row + 1}, column ${column + 1}`,
      });
      const set = (value) => {
        weight[row][column] = Number.isFinite(value) ? value : 0;
        compute();
      };
      input.value = Number(weight[row][column].toFixed(3));
      input.addEventListener("input", () => set(input.valueAsNumber));
      let from = null;
      input.addEventListener("pointerdown", (event) => {
        from = { y: event.clientY, value: weight[row][column] };
        input.setPointerCapture(event.pointerId);
      });
      input.addEventListener("pointermove", (event) => {
        if (!from || !event.buttons) return;
        const value = from.value + Math.round((from.y - event.clientY) / 4) / 4;
        input.value = value;
        set(value);
      });
      input.addEventListener("pointerup", () => {
        from = null;
      });
      return input;
    };
    const choose = (name) => {
      weight = kernels[name].map((row) => [...row]);
      margin = weight.length >> 1;
      table.replaceChildren(
        ...weight.map((row, r) =>
          element("tr", {}, ...row.map((_, c) => element("td", {}, cell(r, c)))),
        ),
      );
      if (grey) compute();
    };

    // What one number of the result is made of.
    const explain = () => {
      const [row, column] = at;
      const [, height, width] = grey.shape;
      if (result.data.length !== height * width) return; // of the picture before
      const parts = weight.map((weights, i) =>
        weights
          .map((w, j) => {
            const r = live.reflect(row + i - margin, height);
            const c = live.reflect(column + j - margin, width);
            return `${numeral(w)} · ${grey.data[r * width + c]}`;
          })
          .join(" + "),
      );
      const value = result.data[row * width + column];
      told.textContent = `row ${row}, column ${column}:\n${parts.join("\n+ ")}\n= ${numeral(value)}`;
    };
    const point = (row, column) => {
      if (row === null || !result) return; // the last pixel stays
      at = [row, column];
      explain();
    };
    live.page.pointed(made, point);
    live.page.pointed(picture, point);

    const bring = live.page.bring(
      (brought) => {
        grey = brought;
        at = null;
        told.textContent = "";
        show(picture, grey);
        compute();
      },
      { fit: ["grey"], given: { photographer: live.given.camera } },
    );
    bring.within(explorer);
    choose(names[0]);
    bring.choose();
    const panel = (canvas, words) =>
      element("figure", {}, canvas, element("figcaption", {}, words));
    face.append(
      element(
        "div",
        { className: "explorer-controls" },
        live.page.list("kernel", names, choose),
      ),
      bring.controls,
      element(
        "div",
        { className: "live-panels" },
        panel(picture, "picture"),
        element("figure", {}, table, sum),
        panel(made, "result"),
      ),
      told,
      element(
        "p",
        { className: "live-hint" },
        "Type a weight, or drag it up and down. Point at a pixel, or move there " +
          "with the arrow keys, to see the products that make it.",
      ),
    );
  },
};
