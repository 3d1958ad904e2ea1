// Losses of one picture: z are its logits, in a plain array, and right is the
// number of its class. Each loss comes with its gradient, one number for each
// logit. Numbers are doubles here: a gradient of 1e-9 is not yet 0.

// ln(e^z1 + e^z2 + ...). The highest logit is taken off first and added again,
// so that the largest exponential is e^0.
live.logsumexp = function (z) {
  const most = Math.max(...z);
  return most + Math.log(z.reduce((sum, value) => sum + Math.exp(value - most), 0));
};

// The logarithms of the softmax.
live.log_softmax = function (z) {
  const most = Math.max(...z);
  const rest = live.logsumexp(z.map((value) => value - most));
  return z.map((value) => value - most - rest);
};

// What cvlib.training.losses.cross_entropy computes. With label smoothing, the
// right class has 1 - label_smoothing of the target, and all share the rest.
live.cross_entropy = function (z, right, { label_smoothing = 0 } = {}) {
  const logs = live.log_softmax(z);
  const target = z.map(
    (_, j) => label_smoothing / z.length + (j === right) * (1 - label_smoothing),
  );
  return {
    loss: logs.reduce((sum, log, j) => (target[j] ? sum - target[j] * log : sum), 0),
    gradient: logs.map((log, j) => Math.exp(log) - target[j]),
  };
};

// From the gradient of probabilities to that of the logits.
live.softmax_backward = function (p, gradient) {
  const mean = p.reduce((sum, each, j) => sum + each * gradient[j], 0);
  return p.map((each, j) => each * (gradient[j] - mean));
};

// Cross entropy that is given probabilities: one softmax too many.
live.cross_entropy_after_softmax = function (z, right) {
  const p = live.log_softmax(z).map(Math.exp);
  const { loss, gradient } = live.cross_entropy(p, right);
  return { loss, gradient: live.softmax_backward(p, gradient) };
};

// The squared error of the probabilities, added up over the classes.
live.squared_error = function (z, right) {
  const p = live.log_softmax(z).map(Math.exp);
  const wrong = p.map((each, j) => each - (j === right));
  return {
    loss: wrong.reduce((sum, each) => sum + each * each, 0),
    gradient: live.softmax_backward(p, wrong.map((each) => 2 * each)),
  };
};

// The hinge loss: what each other logit lacks of being 1 behind the right one,
// divided by the number of classes.
live.multi_margin_loss = function (z, right) {
  const missing = z.map((value, j) =>
    j === right ? 0 : Math.max(0, 1 - (z[right] - value)),
  );
  const gradient = missing.map((each) => (each > 0 ? 1 / z.length : 0));
  gradient[right] = -gradient.reduce((sum, each) => sum + each, 0);
  return {
    loss: missing.reduce((sum, each) => sum + each, 0) / z.length,
    gradient,
  };
};
