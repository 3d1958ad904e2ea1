// A grey patch to move over a picture: what becomes of a network's answers.
live.page.pieces.occlusion = {
  needs: ["small_net", "photographs"],

  start(face, { classes, sizes, value = 0.5 }, explorer) {
    const { element, numeral } = live.page;
    let layers;
    const side = 32; // the network's pictures
    const stride = 2;
    let size = sizes[1] ?? sizes[0];
    let x; // (3, side, side)
    let whole; // logits of the picture as it is
    let k; // the class that is asked about
    let at = [0, 0]; // the patch's corner
    let last = null; // its logits
    let places = [];
    let logits = []; // of the map's places, as far as they are computed
    let turn = 0; // counts pictures and sizes: what is late is dropped

    const softmax = (numbers) => live.softmax(live.tensor([numbers.length], numbers)).data;
    const picture = live.page.canvas("The picture with the patch", 208);
    const map = live.page.canvas("Where the patch lowers the score", 208);
    const said = element("figcaption");
    const told = element("p", { className: "live-told", role: "status" });
    const answers = live.page.answers(classes, (chosen) => {
      if (!x) return;
      k = chosen;
      tell();
      drawMap();
    });

    const show = (canvas, { data }) => {
      const colours = live.tensor([side, side, 3]);
      for (let i = 0; i < data.length; i++) {
        colours.data[i] = 255 * data[(i % 3) * side * side + Math.floor(i / 3)];
      }
      live.page.show(canvas, colours);
    };
    const tell = () => {
      if (!last) return;
      const [now, before] = [softmax(last), softmax(whole)];
      answers.show(now, before);
      const best = now.indexOf(Math.max(...now));
      told.textContent =
        `Patch at row ${at[0]}, column ${at[1]}: ${classes[k]} ${now[k].toFixed(2)}, ` +
        `uncovered ${before[k].toFixed(2)}. The answer is ${classes[best]}.`;
      explorer.result = { x, at, size, k, logits: last, whole, map: explorer.result?.map };
    };
    const drawMap = () => {
      const drops = logits.map((each) => whole[k] - each[k]);
      const heat = live.mean_drops(drops, places.slice(0, drops.length), size, [side, side]);
      live.page.overlay(map, x, heat);
      const [least, most] = [Math.min(0, ...heat.data), Math.max(0, ...heat.data)];
      const done = logits.length === places.length;
      said.textContent = done
        ? `score of ${classes[k]}: ${numeral(-most)} to +${numeral(-least)}`
        : `${logits.length} of ${places.length} positions`;
      explorer.result = { ...explorer.result, map: done ? heat : null };
    };
    const ask = live.page.steady(
      async (now, place) => [
        now,
        place,
        (await live.page.run("covered", layers, x, [place], size, value))[0],
      ],
      ([now, place, found]) => {
        if (now !== turn) return;
        [at, last] = [place, found];
        tell();
      },
    );
    // Put the patch with its middle there.
    const move = (row, column) => {
      if (row === null || !x) return; // it stays when the pointer leaves
      const inside = (middle) => Math.min(side - size, Math.max(0, middle - (size >> 1)));
      at = [inside(row), inside(column)];
      show(picture, live.cover(x, at, size, value));
      ask(turn, at);
    };

    // Compute all positions, coarse ones first, and only two at a time, so that a
    // move never waits long.
    const compute = async () => {
      const now = ++turn;
      const fine = ([row, column]) => row % (2 * stride) > 0 || column % (2 * stride) > 0;
      places = live.patches([side, side], size, stride).sort((a, b) => fine(a) - fine(b));
      logits = [];
      last = null;
      if (!x) return;
      if (explorer.result) explorer.result.map = null;
      move(side >> 1, side >> 1);
      const together = 2;
      for (let from = 0; from < places.length; from += together) {
        const some = places.slice(from, from + together);
        const found = await live.page.run("covered", layers, x, some, size, value);
        if (now !== turn) return;
        logits.push(...found);
        drawMap();
      }
    };
    const take = live.page.classify(live.given.small_net, (found) => {
      ({ x, layers, best: k } = found);
      whole = found.outputs.at(-1).data;
      answers.ask(k);
      compute();
    });
    const bring = live.page.bring(take, {
      given: live.given.photographs,
      fit: ["square", side],
    });
    bring.within(explorer);
    live.page.pointed(picture, move);
    live.page.pointed(map, move);
    const chosen = live.page.buttons("side of the patch", sizes.map(String), (label) => {
      size = Number(label);
      compute();
    });
    chosen.querySelectorAll("input")[sizes.indexOf(size)].checked = true;
    face.append(
      bring.controls,
      element("div", { className: "explorer-controls" }, chosen),
      element(
        "div",
        { className: "live-panels live-inside" },
        element("figure", {}, picture, element("figcaption", {}, "picture and patch")),
        element("figure", {}, map, said),
        answers.shown,
      ),
      told,
      element(
        "p",
        { className: "live-hint" },
        "Point at either picture, or move the patch with the arrow keys. In the map, orange " +
          "is where covering lowers the score of the chosen class, and blue where it raises it. " +
          "The line in a bar marks the picture without a patch.",
      ),
    );
    bring.choose();
  },
};
