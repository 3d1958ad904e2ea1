// A fully connected layer: weight is (O, I), bias O numbers or null.
live.linear = function (x, weight, bias = null) {
  const [outputs, inputs] = weight.shape;
  if (x.data.length !== inputs) {
    throw new Error(`x has ${x.data.length} numbers; expected ${inputs}`);
  }
  const y = live.tensor([outputs]);
  for (let o = 0; o < outputs; o++) {
    let sum = bias ? bias.data[o] : 0;
    for (let i = 0; i < inputs; i++) {
      sum += weight.data[o * inputs + i] * x.data[i];
    }
    y.data[o] = sum;
  }
  return y;
};

live.relu = function (x) {
  return live.tensor(
    x.shape,
    x.data.map((value) => Math.max(0, value)),
  );
};

// Probabilities that add up to 1; the largest logit is taken off first, so
// that no exponential overflows.
live.softmax = function (x) {
  const most = x.data.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(x.data, (v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return live.tensor(
    x.shape,
    Float32Array.from(powers, (power) => power / sum),
  );
};
