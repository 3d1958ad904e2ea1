// What cvlib.layers.max_pool2d and avg_pool2d compute, on (C, H, W). Padding
// is never a maximum, and counts as zeros in a mean, as in torch.
live.pool2d = function (x, kernel, options, begin, step, end) {
  const { stride = kernel, padding = 0 } = options;
  const [channels, height, width] = x.shape;
  const places = (side) =>
    Math.floor((side + 2 * padding - kernel) / stride) + 1;
  const [high, wide] = [places(height), places(width)];
  const y = live.tensor([channels, high, wide]);
  for (let at = 0; at < y.data.length; at++) {
    const channel = Math.floor(at / (high * wide));
    const top = (Math.floor(at / wide) % high) * stride - padding;
    const left = (at % wide) * stride - padding;
    let value = begin;
    for (let r = Math.max(0, top); r < Math.min(height, top + kernel); r++) {
      const row = (channel * height + r) * width;
      for (
        let c = Math.max(0, left);
        c < Math.min(width, left + kernel);
        c++
      ) {
        value = step(value, x.data[row + c]);
      }
    }
    y.data[at] = end(value);
  }
  return y;
};

live.max_pool2d = function (x, kernel, options = {}) {
  const larger = (a, b) => (a > b ? a : b);
  return live.pool2d(x, kernel, options, -Infinity, larger, (most) => most);
};

live.avg_pool2d = function (x, kernel, options = {}) {
  const add = (a, b) => a + b;
  const mean = (sum) => sum / (kernel * kernel);
  return live.pool2d(x, kernel, options, 0, add, mean);
};
