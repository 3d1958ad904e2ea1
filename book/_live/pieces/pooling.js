// A picture that moves under the windows of a pooling. Each number of the map
// shows its window; what a shift changes is marked, and counted.
live.page.pieces.pooling = {
  needs: [],

  start(face, { pictures }, explorer) {
    const { element, numeral, show } = live.page;
    const names = Object.keys(pictures);
    const chosen = { name: names[0], way: "maximum", kernel: 2, stride: 2, shift: 0 };
    let x; // (1, H, W), with what comes in from the left
    let found;
    let at = [0, 0]; // the number whose window is shown

    const panel = (label) => {
      const canvas = live.page.canvas(label);
      const words = element("figcaption");
      const { box, mark } = live.page.marked(canvas);
      return { canvas, words, mark, figure: element("figure", {}, box, words) };
    };
    const [picture, map, difference] = [
      panel("The picture"), panel("Its map"), panel("The difference"),
    ];
    const counted = element("p", { className: "live-told live-counted", role: "status" });
    const told = element("p", { className: "live-told live-window", role: "status" });

    // The window that the chosen number of the map sees.
    const explain = () => {
      const [row, column] = at;
      const { stride, way } = chosen;
      const columns = found.map.shape[2];
      const kernel = way === "sampling" ? 1 : chosen.kernel;
      const [top, left] = [row * stride, column * stride];
      const width = found.picture.shape[2];
      const rows = Array.from({ length: kernel }, (_, r) => {
        const from = (top + r) * width + left;
        return [...found.picture.data.subarray(from, from + kernel)];
      });
      const value = numeral(found.map.data[row * columns + column], 4);
      const seen = rows.flat();
      const parts = 4 ** (kernel - 1); // what the blur's weights are whole numbers of
      const weights = [...live.binomial(kernel).data].map((each) => parts * each);
      const products = seen.map((v, k) => `${weights[k]} · ${v}`);
      const words = {
        maximum: () => `max(${seen.join(", ")}) = ${value}`,
        average: () => `(${seen.join(" + ")}) / ${seen.length} = ${value}`,
        sampling: () => `It is kept: ${value}`,
        convolution: () => `(${products.join(" + ")}) / ${parts} = ${value}`,
      };
      const span = (first) =>
        kernel > 1 ? `s ${first} to ${first + kernel - 1}` : ` ${first}`;
      told.textContent =
        `Row ${row}, column ${column} of the map sees row${span(top)}, ` +
        `column${span(left)} of the picture.\n${words[way]()}`;

      const { white } = pictures[chosen.name];
      const window = { kind: "window", at: [top, left], size: [kernel, kernel] };
      const won = way === "maximum" && {
        kind: "winner",
        at: live
          .winner(found.picture, row, column, kernel, stride)
          .map((side) => side + 0.12),
        size: [0.76, 0.76],
      };
      const here = { kind: "window", at: [row, column] };
      const numbers = live.page.numbers;
      picture.mark([...numbers(found.picture, white), ...(won ? [won] : []), window]);
      // Where the cells are large, what changed is also marked in the map.
      const cells = numbers(found.map, white);
      const places = [...found.difference.data.keys()];
      const changed = places
        .filter((place) => cells.length && found.difference.data[place] > 0)
        .map((place) => ({
          kind: "changed",
          at: [Math.floor(place / columns) + 0.07, (place % columns) + 0.75],
          size: [0.18, 0.18],
        }));
      map.mark([...cells, ...changed, here]);
      const unknown = { kind: "unknown", at: [0, 0], size: [columns, found.steps] };
      difference.mark([
        ...(found.steps ? [unknown] : []),
        ...numbers(found.difference, (100 / 255) * white),
        here,
      ]);
    };

    const compute = () => {
      const { way, kernel, stride, shift } = chosen;
      const { white } = pictures[chosen.name];
      found = live.shift(x, shift, way, kernel, stride);
      explorer.result = { ...found, chosen: { ...chosen } };
      const paint = ({ canvas }, { shape: [, ...sides], data }, most = white) =>
        show(canvas, { shape: sides, data }, 0, most);
      paint(picture, found.picture);
      paint(map, found.map);
      paint(difference, found.difference, (100 / 255) * white);
      const [, high, wide] = found.map.shape;
      at = [Math.min(at[0], high - 1), Math.min(at[1], wide - 1)];
      const { changed, compared, steps } = found;
      picture.words.textContent = `picture, moved by ${shift}`;
      map.words.textContent = `its map, ${high} × ${wide}`;
      const share = numeral((100 * changed) / compared, 0);
      difference.words.textContent = `different: ${share} %`;
      const { thousands } = live.page;
      const moved = steps ? `, moved by ${steps}` : "";
      counted.textContent = shift
        ? `${thousands(changed)} of ${thousands(compared)} numbers differ from the map ` +
          `of the picture at rest${moved}.`
        : "The picture is at rest. Move it to the right.";
      explain();
    };

    const choose = (name) => {
      chosen.name = name;
      const { rows } = pictures[name];
      x = live.tensor([1, rows.length, rows[0].length], Float32Array.from(rows.flat()));
      const middle = rows.length > 8 ? rows.length >> 2 : 0;
      at = [middle, middle];
      compute();
    };
    const point = (row, column) => {
      if (row === null) return; // the last window stays, for who has no pointer
      at = [row, column];
      explain();
    };
    live.page.pointed(map.canvas, point);
    live.page.pointed(difference.canvas, point);

    const change = (name) => (value) => {
      chosen[name] = value;
      size.querySelector("input").disabled = chosen.way === "sampling";
      compute();
    };
    const room = ({ rows }) => rows[0].length - rows.length;
    const most = Math.min(...Object.values(pictures).map(room));
    const size = live.page.slider(
      "kernel size", { min: 1, max: 4, value: chosen.kernel }, change("kernel"),
    );
    face.append(
      element(
        "div",
        { className: "explorer-controls live-aligned" },
        live.page.list("picture", names, choose),
        size,
        live.page.list(
          "pooling", ["maximum", "average", "sampling", "convolution"], change("way"),
        ),
        live.page.slider(
          "stride", { min: 1, max: 4, value: chosen.stride }, change("stride"),
        ),
        live.page.slider(
          "shift", { min: 0, max: most, value: chosen.shift }, change("shift"),
        ),
      ),
      element(
        "div",
        { className: "live-panels live-thirds" },
        picture.figure,
        map.figure,
        difference.figure,
      ),
      counted,
      told,
      element(
        "p",
        { className: "live-hint" },
        "Point at a number of the map, or move there with the arrow keys, to see its " +
          "window. An orange square marks a number that changed. Sampling keeps one " +
          "number at each step; the convolution is a blur, computed at each step only.",
      ),
    );
    choose(names[0]);
  },
};
