// From how a score changes with what a convolution gives, how it changes with
// what the convolution takes, of this shape: torch.nn.grad.conv2d_input. Each
// weight passes on what it passed forward, the other way.
live.conv2d_input = function (shape, weight, gradient, options = {}) {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [, height, width] = shape;
  const [outputs, slices, rows, columns] = weight.shape;
  const [, high, wide] = gradient.shape;
  const back = live.tensor(shape);
  const sums = new Float64Array(back.data.length);
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / (outputs / groups)) * slices;
    for (let q = 0; q < slices; q++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const w = weight.data[((o * slices + q) * rows + i) * columns + j];
          // Columns of the output for which this weight saw a pixel.
          const left = j * dilation - padding;
          const begin = Math.max(0, Math.ceil(-left / stride));
          const end = Math.min(wide, Math.ceil((width - left) / stride));
          for (let r = 0; r < high; r++) {
            const row = r * stride + i * dilation - padding;
            if (row < 0 || row >= height) continue;
            const to = ((first + q) * height + row) * width + left;
            const from = (o * high + r) * wide;
            for (let c = begin; c < end; c++) {
              sums[to + c * stride] += w * gradient.data[from + c];
            }
          }
        }
      }
    }
  }
  back.data.set(sums);
  return back;
};

// The same for max pooling: all goes to the largest number of a window, to the
// first of those that are equal, as in torch.
live.max_pool2d_input = function (x, kernel, gradient, options = {}) {
  const { stride = kernel, padding = 0 } = options;
  const [, height, width] = x.shape;
  const [, high, wide] = gradient.shape;
  const back = live.tensor(x.shape);
  for (let at = 0; at < gradient.data.length; at++) {
    const channel = Math.floor(at / (high * wide));
    const top = (Math.floor(at / wide) % high) * stride - padding;
    const left = (at % wide) * stride - padding;
    let best = -1;
    for (let r = Math.max(0, top); r < Math.min(height, top + kernel); r++) {
      for (let c = Math.max(0, left); c < Math.min(width, left + kernel); c++) {
        const place = (channel * height + r) * width + c;
        if (best < 0 || x.data[place] > x.data[best]) best = place;
      }
    }
    back.data[best] += gradient.data[at];
  }
  return back;
};

// The same for any layer of a network that takes x.
live.backward = function (layer, x, gradient) {
  const each = (change) => live.tensor(x.shape, x.data.map(change));
  switch (layer.kind) {
    case "conv2d":
      return live.conv2d_input(x.shape, layer.weight, gradient, layer);
    case "max_pool2d":
      return live.max_pool2d_input(x, layer.kernel, gradient, layer);
    case "linear": {
      const [outputs, inputs] = layer.weight.shape;
      return each((_, i) => {
        let sum = 0;
        for (let o = 0; o < outputs; o++) {
          sum += layer.weight.data[o * inputs + i] * gradient.data[o];
        }
        return sum;
      });
    }
    case "relu":
      return each((value, i) => (value > 0 ? gradient.data[i] : 0));
    case "scale":
      return each((_, i) => layer.a * gradient.data[i]);
    case "mean": {
      const places = x.data.length / x.shape[0];
      return each((_, i) => gradient.data[Math.floor(i / places)] / places);
    }
    default:
      throw new Error(`layer.kind is ${layer.kind}, which has no way back`);
  }
};

// How the score of class k changes with each number that each layer gives:
// outputs are those of live.forward.
live.gradients = function (layers, outputs, k) {
  const score = live.tensor(outputs.at(-1).shape);
  score.data[k] = 1;
  const gradients = [score];
  for (let at = layers.length - 1; at > 0; at--) {
    gradients.unshift(live.backward(layers[at], outputs[at - 1], gradients[0]));
  }
  return gradients;
};
