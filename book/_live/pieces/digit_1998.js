// The network of 1998, which answers by the nearest of ten drawings: fetched when
// a reader of the piece `digit` asks for it.
live.page.pieces.digit_1998 = {
  needs: ["lenet5"],

  make(bars) {
    const { canvas, element, run, show } = live.page;
    const drawn = canvas("What the network of 1998 draws", 56);
    const nearest = canvas("The drawing nearest to it", 56);
    const caption = element("figcaption");
    const face = element(
      "div",
      { className: "digit-panels digit-old" },
      element("figure", {}, drawn, element("figcaption", {}, "it draws")),
      element("figure", {}, nearest, caption),
      bars.face,
      element("p", { className: "live-told" }, "Squared distances: the shortest wins."),
    );
    const layers = run("unpack", live.given.lenet5);
    const dots = (data) => live.tensor([12, 7], data);
    const read = live.page.steady(
      async (strokes) =>
        strokes.length ? run("readStrokes", strokes, await layers) : null,
      async (found) => {
        const drawings = (await layers).at(-1).weight.data;
        const distances = found && Array.from(found.outputs.at(-1).data, (y) => -y);
        const best = found && distances.indexOf(Math.min(...distances));
        const most = found && Math.max(...distances);
        bars.show(
          distances?.map((distance) => distance / most),
          distances?.map((distance) => distance.toFixed(0)),
          best,
        );
        const paper = new Float32Array(84).fill(-1);
        const bitmap = found ? drawings.subarray(84 * best, 84 * (best + 1)) : paper;
        show(drawn, dots(found ? found.outputs.at(-2).data : paper), -1, 1);
        show(nearest, dots(bitmap), -1, 1);
        caption.textContent = found ? `nearest: the ${best}` : "nearest";
        face.result = found && { distances, best };
      },
    );
    return { face, read };
  },
};
