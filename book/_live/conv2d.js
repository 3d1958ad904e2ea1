// What cvlib.layers.conv2d computes: slide kernels over a picture, multiply,
// add. x is (C, H, W), weight (O, C / groups, k, l), bias O numbers or null.
// For each row of the output, what its windows see is laid side by side once;
// then each kernel goes over four windows at a time.
live.conv2d = function (x, weight, bias = null, options = {}) {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [channels, height, width] = x.shape;
  const [outputs, slices, rows, columns] = weight.shape;
  if (slices * groups !== channels || outputs % groups) {
    throw new Error(
      `weight is ${weight.shape.join(" × ")} in ${groups} groups; ` +
        `expected slices for ${channels} channels`,
    );
  }
  const places = (side, kernel) =>
    Math.floor((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  const [high, wide] = [places(height, rows), places(width, columns)];
  if (high < 1 || wide < 1) {
    throw new Error(`a kernel of ${rows} × ${columns} does not fit`);
  }
  const y = live.tensor([outputs, high, wide]);
  const taps = slices * rows * columns; // weights of a kernel
  const step = 4 * Math.ceil(wide / 4);
  const seen = new Float64Array(taps * step);
  const look = (first, r) => {
    seen.fill(0);
    for (let tap = 0; tap < taps; tap++) {
      const row = r * stride + (Math.floor(tap / columns) % rows) * dilation - padding;
      if (row < 0 || row >= height) continue;
      const left = (tap % columns) * dilation - padding;
      const begin = Math.max(0, Math.ceil(-left / stride));
      const end = Math.min(wide, Math.ceil((width - left) / stride));
      const map = first + Math.floor(tap / (rows * columns));
      const from = (map * height + row) * width + left;
      for (let c = begin; c < end; c++) seen[tap * step + c] = x.data[from + c * stride];
    }
  };
  const kernels = outputs / groups;
  for (let group = 0; group < groups; group++) {
    for (let r = 0; r < high; r++) {
      look(group * slices, r);
      for (let o = group * kernels; o < (group + 1) * kernels; o++) {
        const first = bias ? bias.data[o] : 0;
        for (let c = 0; c < wide; c += 4) {
          let [sum0, sum1, sum2, sum3] = [first, first, first, first];
          let at = c;
          for (let tap = 0; tap < taps; tap++, at += step) {
            const w = weight.data[o * taps + tap];
            sum0 += w * seen[at];
            sum1 += w * seen[at + 1];
            sum2 += w * seen[at + 2];
            sum3 += w * seen[at + 3];
          }
          const to = (o * high + r) * wide + c;
          y.data[to] = sum0;
          if (c + 1 < wide) y.data[to + 1] = sum1;
          if (c + 2 < wide) y.data[to + 2] = sum2;
          if (c + 3 < wide) y.data[to + 3] = sum3;
        }
      }
    }
  }
  return y;
};
