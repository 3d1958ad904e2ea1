// Where a place beyond a side of n pixels looks: mirrored about the last pixel
// (OpenCV's "reflect 101").
live.reflect = function (at, n) {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const place = ((at % period) + period) % period;
  return place < n ? place : period - place;
};

// Widen (C, H, W) by mirrored pixels.
live.pad = function (x, rows, columns = rows) {
  const [channels, height, width] = x.shape;
  const [high, wide] = [height + 2 * rows, width + 2 * columns];
  const y = live.tensor([channels, high, wide]);
  const from = Array.from({ length: wide }, (_, c) => live.reflect(c - columns, width));
  for (let row = 0; row < channels * high; row++) {
    const channel = Math.floor(row / high);
    const begin = (channel * height + live.reflect((row % high) - rows, height)) * width;
    for (let c = 0; c < wide; c++) y.data[row * wide + c] = x.data[begin + from[c]];
  }
  return y;
};

// What cv2.filter2D computes: one kernel of odd sides over each channel, with
// mirrored borders, so that the size stays.
live.filter2d = function (x, kernel) {
  const [rows, columns] = kernel.shape;
  const [channels] = x.shape;
  const padded = live.pad(x, rows >> 1, columns >> 1);
  const all = Float32Array.from({ length: channels * rows * columns }, (_, at) =>
    kernel.data[at % (rows * columns)],
  );
  const weight = live.tensor([channels, 1, rows, columns], all);
  return live.conv2d(padded, weight, null, { groups: channels });
};

// The same, and the limit that a hundredth of its numbers exceed in size.
live.filtered = function (x, kernel) {
  const y = live.filter2d(x, kernel);
  const sizes = y.data.map(Math.abs).sort();
  return { y, strongest: sizes[Math.floor(0.99 * (sizes.length - 1))] };
};
