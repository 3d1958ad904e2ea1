// Where square patches begin along a side: each `stride` on, until one reaches
// the end, where it is cut off. These are the positions of
// cvlib.networks.occlusion.patch_masks.
live.patches = function ([height, width], size, stride) {
  const starts = (side) =>
    Array.from({ length: 1 + Math.ceil((side - size) / stride) }, (_, n) => n * stride);
  return starts(height).flatMap((row) => starts(width).map((column) => [row, column]));
};

// Cover a part of (C, H, W) with one value; the rest is copied.
live.cover = function (x, [row, column], size, value) {
  const [channels, height, width] = x.shape;
  const y = live.tensor(x.shape, x.data.slice());
  for (let c = 0; c < channels; c++) {
    for (let r = row; r < Math.min(height, row + size); r++) {
      const from = (c * height + r) * width;
      y.data.fill(value, from + column, from + Math.min(width, column + size));
    }
  }
  return y;
};

// The answers of a network, as a list of logits for each place of a patch.
live.covered = function (layers, x, places, size, value) {
  return places.map(
    (place) => live.forward(layers, live.cover(x, place, size, value)).at(-1).data,
  );
};

// For each pixel, the mean of the drops over the patches that cover it; 0 where
// none does.
live.mean_drops = function (drops, places, size, [height, width]) {
  const [sums, counts] = [new Float64Array(height * width), new Float64Array(height * width)];
  places.forEach(([row, column], n) => {
    for (let r = row; r < Math.min(height, row + size); r++) {
      for (let c = column; c < Math.min(width, column + size); c++) {
        sums[r * width + c] += drops[n];
        counts[r * width + c] += 1;
      }
    }
  });
  return live.tensor(
    [height, width],
    Float32Array.from(sums, (sum, at) => sum / Math.max(1, counts[at])),
  );
};

// What cvlib.networks.occlusion computes: by how much a patch lowers the score
// of class k.
live.occlusion = function (layers, x, k, { size, stride, value = 0 }) {
  const sides = x.shape.slice(1);
  const places = live.patches(sides, size, stride);
  const whole = live.forward(layers, x).at(-1).data[k];
  const drops = live.covered(layers, x, places, size, value).map((y) => whole - y[k]);
  return live.mean_drops(drops, places, size, sides);
};
