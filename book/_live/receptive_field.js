// What the numbers of each layer see of a picture of side × side pixels: the
// same sides, sizes, jumps and starts as cvlib.layers.summarize. A layer looks
// through a kernel, or, as a fully connected one, at all numbers at once.
live.receptive_fields = function (layers, side) {
  let [size, jump, start] = [1, 1, 0];
  return layers.map((layer, at) => {
    const { kernel, stride = 1, padding = 0, dilation = 1 } = layer.whole
      ? { kernel: side }
      : layer;
    const span = dilation * (kernel - 1) + 1;
    if (span > side + 2 * padding) {
      throw new Error(
        `Layer ${at + 1} spans ${span} numbers. It gets only ${side + 2 * padding}.`,
      );
    }
    side = Math.floor((side + 2 * padding - span) / stride) + 1;
    size += (span - 1) * jump;
    start -= padding * jump;
    jump *= layer.whole ? 0 : stride;
    return { side, size, jump, start };
  });
};

// Which of `side` pixels, along one side, the number at a position of the last
// layer really depends on: neither those in the padding, of the picture or of a
// map between, nor those that a dilation or a large stride leaves out.
live.seen_pixels = function (layers, side, position) {
  const sides = [side, ...live.receptive_fields(layers, side).map((field) => field.side)];
  let seen = new Set([position]);
  for (let at = layers.length - 1; at >= 0; at--) {
    const { kernel, stride = 1, padding = 0, dilation = 1 } = layers[at].whole
      ? { kernel: sides[at] }
      : layers[at];
    const below = new Set();
    for (const place of seen) {
      for (let k = 0; k < kernel; k++) {
        const tap = place * stride - padding + k * dilation;
        if (tap >= 0 && tap < sides[at]) below.add(tap);
      }
    }
    seen = below;
  }
  return Int32Array.from(seen).sort();
};

// How many pixels each number of the last layer really sees, (1, H, W). Rows
// and columns are alike, so one side is enough to count.
live.seen_counts = function (layers, side) {
  const { side: last } = live.receptive_fields(layers, side).at(-1);
  const counts = Array.from(
    { length: last },
    (_, position) => live.seen_pixels(layers, side, position).length,
  );
  const both = counts.flatMap((rows) => counts.map((columns) => rows * columns));
  return live.tensor([1, last, last], Float32Array.from(both));
};
