// The weights of a blur: row k - 1 of Pascal's triangle, by itself, sum 1.
live.binomial = function (kernel) {
  let row = [1];
  for (let k = 1; k < kernel; k++) {
    row = [...row, 0].map((value, at) => (value + (row[at - 1] ?? 0)) / 2);
  }
  const weights = row.flatMap((down) => row.map((right) => down * right));
  return live.tensor([kernel, kernel], Float32Array.from(weights));
};

// Make one channel, (1, H, W), smaller in one of four ways.
live.downsample = function (x, way, kernel, stride) {
  switch (way) {
    case "maximum":
      return live.max_pool2d(x, kernel, { stride });
    case "average":
      return live.avg_pool2d(x, kernel, { stride });
    case "sampling": // one number at each step, and nothing else
      return live.max_pool2d(x, 1, { stride });
    case "convolution": // a blur that is computed at every stride-th place only
      return live.conv2d(
        x,
        live.tensor([1, 1, kernel, kernel], live.binomial(kernel).data),
        null,
        { stride },
      );
    default:
      throw new Error(`way is ${way}, which is not known`);
  }
};

// A square of `side` columns out of (1, H, W), `shift` columns left of the last
// one: what is seen of a picture that moves to the right.
live.moved = function (x, shift, side) {
  const [, height, width] = x.shape;
  const left = width - side - shift;
  if (left < 0) throw new Error(`shift is ${shift}; expected at most ${width - side}`);
  const y = live.tensor([1, height, side]);
  for (let r = 0; r < height; r++) {
    y.data.set(x.data.subarray(r * width + left, r * width + left + side), r * side);
  }
  return y;
};

// Move a picture to the right, make it smaller, and compare the map with that
// of the picture at rest, moved by as many whole numbers as fit into the shift.
// The first columns have nothing to be compared with: there, the difference is
// not a number.
live.shift = function (x, shift, way, kernel, stride) {
  const [, side] = x.shape;
  const picture = live.moved(x, shift, side);
  const map = live.downsample(picture, way, kernel, stride);
  const rest = live.downsample(live.moved(x, 0, side), way, kernel, stride);
  const steps = Math.floor(shift / stride);
  const columns = map.shape[2];
  const difference = live.tensor(
    map.shape,
    map.data.map((value, at) =>
      at % columns < steps ? NaN : Math.abs(value - rest.data[at - steps]),
    ),
  );
  let [changed, compared] = [0, 0];
  for (const value of difference.data) {
    compared += !Number.isNaN(value);
    changed += value > 0;
  }
  return { picture, map, difference, steps, changed, compared };
};

// The row and the column of the greatest number that one window of max pooling
// sees; of equal numbers, the first one wins, as in torch.
live.winner = function (x, row, column, kernel, stride) {
  const width = x.shape[2];
  let best = [row * stride, column * stride];
  for (let r = row * stride; r < row * stride + kernel; r++) {
    for (let c = column * stride; c < column * stride + kernel; c++) {
      if (x.data[r * width + c] > x.data[best[0] * width + best[1]]) best = [r, c];
    }
  }
  return best;
};
