// cv2.Canny with an aperture of 3, pixel by pixel, on a grey picture (1, H, W) of
// whole numbers, in the steps of cvlib.images.edges.

// The derivatives across and down, by Sobel's kernels. Beyond the border, the
// last pixel is repeated.
live.sobel = function ({ shape, data }) {
  const [, height, width] = shape;
  const [dx, dy] = [live.tensor(shape), live.tensor(shape)];
  for (let at = 0, row = 0; row < height; row++) {
    const above = width * Math.max(0, row - 1);
    const here = width * row;
    const below = width * Math.min(height - 1, row + 1);
    for (let column = 0; column < width; column++, at++) {
      const left = Math.max(0, column - 1);
      const right = Math.min(width - 1, column + 1);
      const falling = data[below + right] - data[above + left];
      const rising = data[above + right] - data[below + left];
      dx.data[at] = falling + rising + 2 * (data[here + right] - data[here + left]);
      dy.data[at] = falling - rising + 2 * (data[below + column] - data[above + column]);
    }
  }
  return { dx, dy };
};

// Keep the strength, |dx| + |dy|, where no neighbour across the edge is stronger:
// what is left are lines. Outside of the picture it is 0.
live.thin_edges = function (dx, dy) {
  const [, height, width] = dx.shape;
  const wide = width + 2;
  const strength = new Int32Array((height + 2) * wide);
  for (let at = 0; at < dx.data.length; at++) {
    const place = (Math.floor(at / width) + 1) * wide + (at % width) + 1;
    strength[place] = Math.abs(dx.data[at]) + Math.abs(dy.data[at]);
  }
  const tangent = Math.tan(Math.PI / 8); // of 22.5 degrees, half the way to a diagonal
  const thin = live.tensor(dx.shape);
  for (let at = 0; at < dx.data.length; at++) {
    const place = (Math.floor(at / width) + 1) * wide + (at % width) + 1;
    const [x, y] = [Math.abs(dx.data[at]), Math.abs(dy.data[at])];
    const falls = dx.data[at] < 0 === dy.data[at] < 0;
    const across = y < x * tangent;
    const down = x < y * tangent;
    const step = across ? 1 : down ? wide : falls ? wide + 1 : wide - 1;
    const here = strength[place];
    const [before, after] = [strength[place - step], strength[place + step]];
    // Of two equal neighbours the first is kept, but neither on a diagonal.
    const kept = here > before && (here > after || ((across || down) && here === after));
    if (kept) thin.data[at] = here;
  }
  return thin;
};

// What is above low, where it hangs together with something above high.
live.hysteresis = function (thin, low, high) {
  if (!(low >= 0 && low <= high)) {
    throw new Error(`low and high are ${low} and ${high}; expected 0 ≤ low ≤ high`);
  }
  const weak = thin.data.map((value) => (value > low ? 1 : 0));
  const { count, labels } = live.connected_components(live.tensor(thin.shape, weak));
  const strong = new Uint8Array(count + 1);
  for (let at = 0; at < labels.length; at++) {
    if (thin.data[at] > high) strong[labels[at]] = 1;
  }
  const edges = Float32Array.from(labels, (label) => 255 * strong[label]);
  return live.tensor(thin.shape, edges);
};

live.canny = function (x, low, high) {
  const { dx, dy } = live.sobel(x);
  return live.hysteresis(live.thin_edges(dx, dy), low, high);
};
