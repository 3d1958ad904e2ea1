// One step of each optimizer of cvlib.training.optimizers, for one number: all
// of them treat each number alone. What is known of it, x and what torch's
// state remembers under the same names, comes in and goes out. Arguments are
// torch's, with torch's values where they are left out.

live.SGD = function (known, gradient, { lr, momentum = 0, nesterov = false }) {
  if (!momentum) return { x: known.x - lr * gradient };
  const before = known.momentum_buffer;
  const velocity = before === undefined ? gradient : momentum * before + gradient;
  const direction = nesterov ? gradient + momentum * velocity : velocity;
  return { x: known.x - lr * direction, momentum_buffer: velocity };
};

live.RMSprop = function (known, gradient, options) {
  const { lr, alpha = 0.99, eps = 1e-8, momentum = 0 } = options;
  const { square_avg: square = 0, momentum_buffer: before = 0 } = known;
  const square_avg = alpha * square + (1 - alpha) * gradient * gradient;
  const direction = gradient / (Math.sqrt(square_avg) + eps);
  const velocity = momentum * before + direction;
  return { x: known.x - lr * velocity, square_avg, momentum_buffer: velocity };
};

live.Adam = function (known, gradient, options) {
  const { lr, betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 } = options;
  const { exp_avg: mean = 0, exp_avg_sq: square = 0 } = known;
  const step = (known.step ?? 0) + 1;
  const exp_avg = beta1 * mean + (1 - beta1) * gradient;
  const exp_avg_sq = beta2 * square + (1 - beta2) * gradient * gradient;
  // Means that began at 0 are too small for a while.
  const corrected = exp_avg / (1 - beta1 ** step);
  const root = Math.sqrt(exp_avg_sq / (1 - beta2 ** step));
  const x = known.x - (lr * corrected) / (root + eps);
  return { x, exp_avg, exp_avg_sq, step };
};

// The loss in a valley that lies along its axes: half of each coordinate's
// square times its curvature, added up.
live.valley = function (at, curvatures) {
  return at.reduce((sum, x, axis) => sum + (curvatures[axis] * x * x) / 2, 0);
};

// Where an optimizer, by name, walks in such a valley: the start and the place
// after each step.
live.descend = function (optimizer, curvatures, start, steps, options) {
  let known = start.map((x) => ({ x }));
  const path = [[...start]];
  for (let step = 0; step < steps; step++) {
    known = known.map((each, axis) =>
      live[optimizer](each, curvatures[axis] * each.x, options),
    );
    path.push(known.map((each) => each.x));
  }
  return path;
};
