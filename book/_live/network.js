// Bytes out of text, as book/live.py writes it: two letters, each one of 91, hold
// 13 bits. The backslash, which would need another before it, is left out.
live.bytes = function (text, size) {
  const bytes = new Uint8Array(size);
  const digit = (at) => text.charCodeAt(at) - (text[at] > "\\" ? 36 : 35);
  let [held, bits, to] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 2) {
    held = (held << 13) | (91 * digit(at) + digit(at + 1));
    for (bits += 13; bits >= 8; bits -= 8) bytes[to++] = held >> (bits - 8);
    held &= (1 << bits) - 1;
  }
  return bytes;
};

// A network is a list of layers, as book/live.py writes it: kinds of layers,
// and weights of 8 bits with a scale for each output, or of 32 bits, deflated.
live.unpack = async function ({ layers, data, size }) {
  const deflated = new Blob([live.bytes(data, size)]).stream();
  const inflated = deflated.pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  const numbers = ({ shape, at, scales }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    if (!scales) {
      return live.tensor(
        shape,
        new Float32Array(buffer.slice(at, at + 4 * size)),
      );
    }
    const each = size / shape[0];
    const levels = new Int8Array(buffer, at, size);
    const scale = new Float32Array(buffer.slice(scales, scales + 4 * shape[0]));
    return live.tensor(
      shape,
      Float32Array.from(levels, (level, i) => level * scale[Math.floor(i / each)]),
    );
  };
  return layers.map(({ weight, bias, ...layer }) => ({
    ...layer,
    ...(weight && { weight: numbers(weight) }),
    ...(bias && { bias: numbers(bias) }),
  }));
};

// What one layer makes of a tensor.
live.layer = function (layer, x) {
  const each = (change) => live.tensor(x.shape, x.data.map(change));
  switch (layer.kind) {
    case "conv2d":
      return live.conv2d(x, layer.weight, layer.bias, layer);
    case "max_pool2d":
      return live.max_pool2d(x, layer.kernel, layer);
    case "linear":
      return live.linear(x, layer.weight, layer.bias);
    case "relu":
      return live.relu(x);
    case "scale": // a * x + b
      return each((value) => layer.a * value + layer.b);
    case "scaled_tanh":
      return each((value) => 1.7159 * Math.tanh((2 / 3) * value));
    case "mean": // over the places of each map
      return live.tensor(
        [x.shape[0]],
        live.avg_pool2d(x, x.shape[1]).data,
      );
    case "distances": { // negated squared distances to fixed vectors
      const [classes, length] = layer.weight.shape;
      const y = live.tensor([classes]);
      for (let k = 0; k < classes; k++) {
        for (let i = 0; i < length; i++) {
          const apart = x.data[i] - layer.weight.data[k * length + i];
          y.data[k] -= apart * apart;
        }
      }
      return y;
    }
    default:
      throw new Error(`layer.kind is ${layer.kind}, which is not known`);
  }
};

// The outputs of all layers, the last being the answer.
live.forward = function (layers, x) {
  const outputs = [];
  for (const layer of layers) {
    x = live.layer(layer, x);
    outputs.push(x);
  }
  return outputs;
};

// The answers of a network, as book/live.py writes it, to (N, C, H, W).
live.predict = async function (network, { shape: [count, ...shape], data }) {
  const layers = await live.unpack(network);
  const size = data.length / count;
  const answers = Array.from({ length: count }, (_, n) => {
    const x = live.tensor(shape, data.subarray(n * size, (n + 1) * size));
    return live.forward(layers, x).at(-1);
  });
  const y = live.tensor([count, answers[0].data.length]);
  answers.forEach((answer, n) => y.data.set(answer.data, n * answer.data.length));
  return y;
};
