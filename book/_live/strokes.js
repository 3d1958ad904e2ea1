// What cvlib.data.rasterize computes: strokes, lists of [x, y], fitted into a
// box of `side` pixels and centred by their mass, as MNIST's digits were. Each
// step is the same arithmetic in the same order, so that all pixels are equal.
live.rasterize = function (strokes, { width = 2.4, side = 20 } = {}) {
  const points = strokes.flat();
  if (!points.length) throw new Error("strokes is empty; expected at least one");
  let [low, high] = [[...points[0]], [...points[0]]];
  for (const point of points) {
    low = low.map((least, axis) => Math.min(least, point[axis]));
    high = high.map((most, axis) => Math.max(most, point[axis]));
  }
  const extent = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const room = Math.max(side - width - 1, 0);
  const fit = (value, axis) =>
    ((value - (low[axis] / 2 + high[axis] / 2)) / extent) * room + side / 2;
  const nearest = new Float64Array(side * side).fill(Infinity); // squared distances
  for (const stroke of strokes) {
    const path = stroke.map((point) => point.map(fit));
    if (path.length === 1) path.push(path[0]);
    for (let n = 1; n < path.length; n++) {
      live.approach(nearest, side, path[n - 1], path[n]);
    }
  }
  return live.centre(
    Array.from(nearest, (squared) => {
      const ink = width / 2 + 0.5 - Math.sqrt(squared); // a ramp one pixel wide
      return Math.floor(255 * Math.min(1, Math.max(0, ink)) + 0.5);
    }),
    side,
  );
};

// Lower squared distances of the pixels' middles to that of a line, where it
// is nearer.
live.approach = function (nearest, side, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy || 1;
  for (let at = 0; at < nearest.length; at++) {
    const x = (at % side) + 0.5 - ax;
    const y = Math.floor(at / side) + 0.5 - ay;
    const along = Math.min(1, Math.max(0, (x * dx + y * dy) / length));
    const [right, down] = [x - along * dx, y - along * dy];
    const squared = right * right + down * down;
    if (squared < nearest[at]) nearest[at] = squared;
  }
};

// Move a box by whole pixels until its mean row and column lie from 13.5 up to
// 14.5. What leaves the frame is cut off.
live.centre = function (levels, side) {
  let [mass, rows, columns] = [0, 0, 0];
  levels.forEach((level, at) => {
    mass += level;
    rows += level * Math.floor(at / side);
    columns += level * (at % side);
  });
  const [down, right] = [rows, columns].map(
    (total) => -Math.floor((2 * total - 27 * mass) / (2 * mass)),
  );
  const picture = live.tensor([28, 28], new Uint8Array(28 * 28));
  levels.forEach((level, at) => {
    const [r, c] = [Math.floor(at / side) + down, (at % side) + right];
    if (r >= 0 && r < 28 && c >= 0 && c < 28) picture.data[28 * r + c] = level;
  });
  return picture;
};

// The picture of strokes, and what each layer of a network makes of it.
live.readStrokes = function (strokes, layers) {
  const picture = live.rasterize(strokes);
  const x = live.tensor([1, 28, 28], Float32Array.from(picture.data, (v) => v / 255));
  return { picture, outputs: live.forward(layers, x) };
};
