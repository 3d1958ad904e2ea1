// What to_web writes into a page: it goes through the graph of a network, step by step, and makes
// of drawn strokes the picture that the network expects. Nothing in here knows which network it is.
"use strict";
const reader = {};

// A tensor is { shape, data }. The operators are torch's by name, for one picture: (1, C, H, W).
reader.operators = {
  conv2d(x, weight, bias, stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1) {
    const [, , height, width] = x.shape;
    const [outputs, slices, rows, columns] = weight.shape;
    const places = (side, axis, kernel) =>
      Math.floor((side + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis]) + 1;
    const [high, wide] = [places(height, 0, rows), places(width, 1, columns)];
    const data = new Float32Array(outputs * high * wide);
    for (let o = 0, at = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / groups)) * slices;
      for (let r = 0; r < high; r++) {
        for (let c = 0; c < wide; c++, at++) {
          let sum = bias ? bias.data[o] : 0;
          for (let tap = 0; tap < slices * rows * columns; tap++) {
            const map = first + Math.floor(tap / (rows * columns));
            const y = r * stride[0] + (Math.floor(tap / columns) % rows) * dilation[0] - padding[0];
            const left = c * stride[1] + (tap % columns) * dilation[1] - padding[1];
            if (y < 0 || y >= height || left < 0 || left >= width) continue;
            sum += weight.data[o * slices * rows * columns + tap]
              * x.data[(map * height + y) * width + left];
          }
          data[at] = sum;
        }
      }
    }
    return { shape: [1, outputs, high, wide], data };
  },

  max_pool2d(x, kernel, stride = kernel, padding = [0, 0]) {
    const [, channels, height, width] = x.shape;
    const step = stride.length ? stride : kernel;
    const places = (side, axis) =>
      Math.floor((side + 2 * padding[axis] - kernel[axis]) / step[axis]) + 1;
    const [high, wide] = [places(height, 0), places(width, 1)];
    const data = new Float32Array(channels * high * wide).fill(-Infinity);
    for (let at = 0; at < data.length; at++) {
      const channel = Math.floor(at / (high * wide));
      const top = (Math.floor(at / wide) % high) * step[0] - padding[0];
      const left = (at % wide) * step[1] - padding[1];
      for (let r = Math.max(0, top); r < Math.min(height, top + kernel[0]); r++) {
        for (let c = Math.max(0, left); c < Math.min(width, left + kernel[1]); c++) {
          data[at] = Math.max(data[at], x.data[(channel * height + r) * width + c]);
        }
      }
    }
    return { shape: [1, channels, high, wide], data };
  },

  linear(x, weight, bias) {
    const [outputs, inputs] = weight.shape;
    const data = Float32Array.from({ length: outputs }, (_, o) => {
      let sum = bias ? bias.data[o] : 0;
      for (let i = 0; i < inputs; i++) sum += weight.data[o * inputs + i] * x.data[i];
      return sum;
    });
    return { shape: [1, outputs], data };
  },

  relu: (x) => ({ shape: x.shape, data: x.data.map((value) => Math.max(0, value)) }),
  tanh: (x) => ({ shape: x.shape, data: x.data.map(Math.tanh) }),
  flatten: (x) => ({ shape: [1, x.data.length], data: x.data }),
  dropout: (x) => x,
};

// The weights stand in one text, each from a byte of its own on.
reader.unpack = function (graph) {
  const bytes = Uint8Array.from(atob(graph.weights), (letter) => letter.charCodeAt(0));
  const tensors = {};
  for (const [name, { shape, at }] of Object.entries(graph.tensors)) {
    const size = shape.reduce((product, side) => product * side, 1);
    tensors[name] = { shape, data: new Float32Array(bytes.buffer, at, size) };
  }
  return tensors;
};

// All there is to running a graph: for each step, look up what it takes, compute, and keep it.
reader.run = function (graph, tensors, picture) {
  const known = { ...tensors, [graph.input]: picture };
  const look = (value) => (value?.node ? known[value.node] : value);
  for (const { name, operator, inputs } of graph.steps) {
    known[name] = reader.operators[operator](...inputs.map(look));
  }
  return known[graph.output];
};

reader.softmax = function (logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

// Strokes, lists of [x, y], fitted into a box of 20 pixels and centred by their mass among 28, as
// MNIST's digits were: cvlib.data.rasterize.
reader.rasterize = function (strokes) {
  const [pen, side, frame] = [2.4, 20, 28];
  const points = strokes.flat();
  const low = [0, 1].map((axis) => points.reduce((a, p) => Math.min(a, p[axis]), Infinity));
  const high = [0, 1].map((axis) => points.reduce((a, p) => Math.max(a, p[axis]), -Infinity));
  const extent = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const fit = (point) => point.map((value, axis) =>
    ((value - (low[axis] / 2 + high[axis] / 2)) / extent) * (side - pen - 1) + side / 2);
  const nearest = new Float64Array(side * side).fill(Infinity);
  for (const stroke of strokes) {
    const path = stroke.map(fit);
    if (path.length === 1) path.push(path[0]);
    for (let n = 1; n < path.length; n++) {
      const [[ax, ay], [bx, by]] = [path[n - 1], path[n]];
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy || 1;
      for (let at = 0; at < nearest.length; at++) {
        const [x, y] = [(at % side) + 0.5 - ax, Math.floor(at / side) + 0.5 - ay];
        const along = Math.min(1, Math.max(0, (x * dx + y * dy) / length));
        const [right, down] = [x - along * dx, y - along * dy];
        nearest[at] = Math.min(nearest[at], right * right + down * down);
      }
    }
  }
  const ink = Array.from(nearest, (squared) =>
    Math.floor(255 * Math.min(1, Math.max(0, pen / 2 + 0.5 - Math.sqrt(squared))) + 0.5));
  let [mass, rows, columns] = [0, 0, 0];
  ink.forEach((level, at) => {
    mass += level;
    rows += level * Math.floor(at / side);
    columns += level * (at % side);
  });
  const [down, right] = [rows, columns].map((total) =>
    -Math.floor((2 * total - (frame - 1) * mass) / (2 * mass)));
  const data = new Float32Array(frame * frame);
  ink.forEach((level, at) => {
    const [r, c] = [Math.floor(at / side) + down, (at % side) + right];
    if (r >= 0 && r < frame && c >= 0 && c < frame) data[frame * r + c] = level / 255;
  });
  return { shape: [1, 1, frame, frame], data };
};
