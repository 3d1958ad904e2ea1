// What cvlib.layers.conv2d computes: slide kernels over a picture, multiply,
// add. x is (C, H, W), weight (O, C / groups, k, l), bias O numbers or null.
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
  const span = (kernel) => dilation * (kernel - 1) + 1;
  const places = (side, kernel) =>
    Math.floor((side + 2 * padding - span(kernel)) / stride) + 1;
  const [high, wide] = [places(height, rows), places(width, columns)];
  if (high < 1 || wide < 1) {
    throw new Error(`a kernel of ${rows} × ${columns} does not fit`);
  }
  const y = live.tensor([outputs, high, wide]);
  const sums = new Float64Array(high * wide);
  for (let o = 0; o < outputs; o++) {
    sums.fill(bias ? bias.data[o] : 0);
    const first = Math.floor(o / (outputs / groups)) * slices;
    for (let q = 0; q < slices; q++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const w = weight.data[((o * slices + q) * rows + i) * columns + j];
          if (w === 0) continue;
          // Columns of the output for which this weight sees a pixel.
          const left = j * dilation - padding;
          const begin = Math.max(0, Math.ceil(-left / stride));
          const end = Math.min(wide, Math.ceil((width - left) / stride));
          for (let r = 0; r < high; r++) {
            const row = r * stride + i * dilation - padding;
            if (row < 0 || row >= height) continue;
            const from = ((first + q) * height + row) * width + left;
            for (let c = begin; c < end; c++) {
              sums[r * wide + c] += w * x.data[from + c * stride];
            }
          }
        }
      }
    }
    y.data.set(sums, o * sums.length);
  }
  return y;
};
