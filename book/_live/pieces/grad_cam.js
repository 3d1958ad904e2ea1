// Where each layer of a network finds what speaks for a class.
live.page.pieces.grad_cam = {
  needs: ["small_net", "photographs"],

  start(face, { classes }, explorer) {
    const { element } = live.page;
    let layers;
    const names = live.given.small_net.layers.map(({ name }) => name);
    const named = names.flatMap((name, at) => (name ? [at] : []));
    const side = 32;
    let x;
    let k;
    let shapes = []; // of the maps of the layers with names
    let heats = []; // for each of these layers, of this class
    let of;
    let chosen = named.length - 1;
    let turn = 0;

    const picture = live.page.canvas("The picture", 208);
    const large = live.page.canvas("Grad-CAM of the layer", 208);
    const said = element("figcaption");
    const told = element("p", { className: "live-told", role: "status" });
    const answers = live.page.answers(classes, (other) => {
      if (!x) return;
      k = other;
      ask(turn, k);
    });
    const strip = named.map((at, place) => {
      const name = names[at];
      const small = live.page.canvas(`Grad-CAM of ${name}`, 64);
      const radio = element("input", {
        type: "radio", name: "live-grad-cam-layer", value: name, checked: place === chosen,
        "aria-label": name,
      });
      radio.addEventListener("input", () => {
        chosen = place;
        if (heats.length) tell();
      });
      const number = element("span", {}, radio, name.split(".")[1]);
      return { small, label: element("label", {}, small, number) };
    });

    const tell = () => {
      const name = names[named[chosen]];
      const heat = heats[chosen];
      const [channels, height, width] = shapes[chosen];
      live.page.overlay(large, x, heat);
      said.textContent = `${name}: ${height} × ${width} places`;
      const most = Math.max(...heat.data);
      const where = heat.data.indexOf(most);
      told.textContent =
        `${name} has ${channels} maps of ${height} × ${width}. ` +
        (most > 0
          ? `For ${classes[of]} it is strongest at row ${Math.floor(where / side)}, ` +
            `column ${where % side}.`
          : `Nothing in them speaks for ${classes[of]}.`);
      explorer.result = { x, k: of, heats, layer: name };
    };
    const ask = live.page.steady(
      async (now, asked) => [
        now,
        asked,
        await live.page.run("grad_cam", layers, x, asked, named),
      ],
      ([now, asked, found]) => {
        if (now !== turn) return;
        [of, heats] = [asked, found];
        strip.forEach(({ small }, place) => live.page.overlay(small, x, heats[place]));
        tell();
      },
    );
    const take = live.page.classify(live.given.small_net, (found) => {
      ({ x, layers, best: k } = found);
      live.page.show(picture, found.pixels);
      shapes = named.map((at) => found.outputs[at].shape);
      answers.show(live.softmax(found.outputs.at(-1)).data);
      answers.ask(k);
      ask(++turn, k);
    });
    const bring = live.page.bring(take, {
      given: live.given.photographs,
      fit: ["square", side],
    });
    bring.within(explorer);
    face.append(
      bring.controls,
      element(
        "div",
        { className: "live-panels live-inside" },
        element("figure", {}, picture, element("figcaption", {}, "picture")),
        element("figure", {}, large, said),
        answers.shown,
      ),
      element(
        "fieldset",
        { className: "live-strip" },
        element("legend", {}, "layer, by its place in features"),
        ...strip.map(({ label }) => label),
      ),
      told,
      element(
        "p",
        { className: "live-hint" },
        "Choose a layer, and the class to ask about. Each map is drawn with its own " +
          "largest number in full orange, so compare places, not strengths.",
      ),
    );
    bring.choose();
  },
};
