// Choose a number of any layer of a network, and see its receptive field; or
// build a stack of layers and see what its numbers see.
live.page.pieces.receptive_field = {
  needs: ["receptive_fields"],

  start(face, _given, explorer) {
    const { element, show } = live.page;
    const { networks, pictures } = live.given.receptive_fields;
    const own = "your own layers";
    const blank = { kernel: 3, stride: 1, padding: 1, dilation: 1 };
    const built = {
      side: 32,
      layers: [1, 2, 1].map((stride, at) => (
        { ...blank, stride, name: `layer ${at + 1}` }
      )),
    };
    const all = { ...networks, [own]: built };
    let network;
    let layer; // its number
    let fields; // of every layer
    let at; // row and column of the chosen number

    const picture = live.page.canvas("The picture");
    const map = live.page.canvas("A map of the layer");
    const seen = live.page.marked(picture);
    const places = live.page.marked(map);
    const words = element("figcaption");
    const told = element("p", { className: "live-told live-seen", role: "status" });
    const table = element("table", { className: "live-kernel live-layers" });
    const more = element("div", { className: "explorer-controls live-bring" });
    const choice = element("span");

    const paint = live.page.steady(
      () => {
        const blob = live.page.blob(pictures[network.side]);
        return live.page.run("shrink", blob, network.side, ["square", network.side]);
      },
      ({ pixels }) => {
        if (pixels.shape[0] !== network.side) return; // another was chosen meanwhile
        show(picture, pixels);
        point(...at);
      },
    );

    // What the chosen number sees.
    const point = (row, column) => {
      if (row === null || !fields) return; // the last one stays
      at = [row, column];
      const { side, size, jump, start } = fields[layer];
      const layers = network.layers.slice(0, layer + 1);
      const { name, place, shape } = network.layers[layer];
      const [top, left] = at.map((position) => start + position * jump);
      const [rows, columns] = at.map((position) =>
        live.seen_pixels(layers, network.side, position),
      );
      const count = rows.length * columns.length;
      explorer.result = { top, left, size, jump, start, count, place, at, side };
      const last = column === side - 1;
      const neighbour = jump > 0 && side > 1 && {
        kind: "neighbour", at: [top, left + (last ? -jump : jump)], size: [size, size],
      };
      const border = Math.max(
        ...fields.flatMap((field) => [
          -field.start,
          field.start + (field.side - 1) * field.jump + field.size - network.side,
        ]),
        0,
      );
      const [n, m] = [network.side, Math.ceil(border)];
      const within = (value) => Math.min(n, Math.max(0, value));
      const [y, x, down, right] = [top, left, top + size, left + size].map(within);
      const veils = [
        { at: [0, 0], size: [y, n] }, { at: [down, 0], size: [n - down, n] },
        { at: [y, 0], size: [down - y, x] },
        { at: [y, right], size: [down - y, n - right] },
      ];
      seen.mark(
        [
          ...veils.map((veil) => ({ kind: "veil", ...veil })),
          ...(neighbour ? [neighbour] : []),
          { kind: "frame", at: [top, left], size: [size, size] },
        ],
        m,
      );
      places.mark([{ kind: "frame", at }]);
      const count_of = live.page.thousands;
      const signed = (value) => live.page.numeral(value);
      const where =
        shape?.length === 1
          ? `Each of the ${count_of(shape[0])} numbers of ${name}`
          : `Row ${row}, column ${column} of ${name}`;
      const inside = place && place !== name ? ` (${place})` : "";
      const to = (first) => `${signed(first)} to ${signed(first + size - 1)}`;
      const part = size * size === count ? "" : ` of ${count_of(size * size)}`;
      told.textContent = [
        `${where}${inside} sees`,
        `rows ${to(top)}, columns ${to(left)}.`,
        `Size ${size} × ${size}, jump ${jump}, start ${signed(start)}.`,
        `It really sees ${rows.length} × ${columns.length} = ` +
          `${count_of(count)}${part} pixels.`,
      ].join("\n");
    };
    live.page.pointed(map, point);

    const chooseLayer = (number) => {
      if (!fields) return;
      layer = number;
      const { side } = fields[layer];
      const { shape } = network.layers[layer];
      const counts = live.seen_counts(network.layers.slice(0, layer + 1), network.side);
      const most = Math.max(...counts.data);
      show(map, { shape: [side, side], data: counts.data }, most / 4, most);
      words.textContent =
        shape?.length === 1 ? "all its numbers see alike" : `map, ${side} × ${side}`;
      point(side >> 1, side >> 1);
    };
    const name = (text) => network.layers.findIndex((each) => each.name === text);
    const describe = () => {
      try {
        fields = live.receptive_fields(network.layers, network.side);
      } catch (error) {
        fields = null;
        told.textContent = error.message;
        return;
      }
      const names = network.layers.map((each) => each.name);
      const list = live.page.list("layer", names, (text) => chooseLayer(name(text)));
      layer = Math.min(layer, names.length - 1);
      list.querySelector("select").selectedIndex = layer;
      choice.replaceChildren(list);
      chooseLayer(layer);
    };

    // Each layer of the reader's own is a row of numbers.
    const limits = { kernel: [1, 9], stride: [1, 4], padding: [0, 4], dilation: [1, 4] };
    const cell = (each, key) => {
      const [min, max] = limits[key];
      const input = element("input", {
        type: "number", min, max, value: each[key],
        "aria-label": `${key} of ${each.name}`,
      });
      input.addEventListener("input", () => {
        const value = Math.round(input.valueAsNumber);
        if (!(value >= min && value <= max)) return; // what is typed may be half a number
        each[key] = value;
        describe();
      });
      return element("td", {}, input);
    };
    const head = ["layer", ...Object.keys(limits)].map((text) => element("th", {}, text));
    const list = () => {
      table.replaceChildren(
        element("tr", {}, ...head),
        ...built.layers.map((each) =>
          element(
            "tr", {}, element("th", {}, each.name.replace("layer ", "")),
            ...Object.keys(limits).map((key) => cell(each, key)),
          ),
        ),
      );
      const [add, remove] = more.querySelectorAll("button");
      add.disabled = built.layers.length === 8;
      remove.disabled = built.layers.length === 1;
    };
    const change = (words, act) =>
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            act();
            list();
            layer = built.layers.length - 1;
            describe();
          },
        },
        words,
      );
    more.append(
      change("add a layer", () =>
        built.layers.push({ ...blank, name: `layer ${built.layers.length + 1}` }),
      ),
      change("take the last away", () => built.layers.pop()),
    );
    const chooseNetwork = (text) => {
      network = all[text];
      table.hidden = more.hidden = network !== built;
      layer = network.layers.length >> 1;
      describe();
      paint();
    };

    const networkList = live.page.list("network", Object.keys(all), chooseNetwork);
    networkList.querySelector("select").value = "AlexNet";
    list();
    face.append(
      element("div", { className: "explorer-controls" }, networkList, choice),
      table,
      more,
      element(
        "div",
        { className: "live-panels live-halves" },
        element("figure", {}, places.box, words),
        element(
          "figure", {}, seen.box,
          element("figcaption", {}, "field; hatched: padding"),
        ),
      ),
      told,
      element(
        "p",
        { className: "live-hint" },
        "Point at a number of the map, or move there with the arrow keys. The darker " +
          "it is, the fewer pixels it really sees. The dashed frame is its " +
          "neighbour's field, one jump further.",
      ),
    );
    chooseNetwork("AlexNet");
  },
};
