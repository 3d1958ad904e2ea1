// Give (C, H, W) another size, mixing the four numbers around a place: what
// cvlib.layers.interpolate computes with mode="bilinear".
live.interpolate = function (x, [high, wide]) {
  const [channels, height, width] = x.shape;
  const y = live.tensor([channels, high, wide]);
  const along = (at, side, sides) => {
    const place = Math.max(0, ((at + 0.5) * side) / sides - 0.5);
    const first = Math.floor(place);
    return [first, Math.min(side - 1, first + 1), place - first];
  };
  for (let at = 0; at < y.data.length; at++) {
    const [top, bottom, down] = along(Math.floor(at / wide) % high, height, high);
    const [left, right, over] = along(at % wide, width, wide);
    const map = Math.floor(at / (high * wide)) * height * width;
    const mixed = (row) => {
      const from = map + row * width;
      return (1 - over) * x.data[from + left] + over * x.data[from + right];
    };
    y.data[at] = (1 - down) * mixed(top) + down * mixed(bottom);
  }
  return y;
};

// What cvlib.networks.grad_cam computes: the maps that a layer gives, weighted
// by what they do for class k, added up, and what is positive of it, in the
// size of x. For each place of `at` in the list of layers, one such (H, W).
live.grad_cam = function (layers, x, k, at) {
  const outputs = live.forward(layers, x);
  const gradients = live.gradients(layers, outputs, k);
  return at.map((place) => {
    const [maps, gradient] = [outputs[place], gradients[place]];
    const [channels, height, width] = maps.shape;
    const size = height * width;
    const cam = live.tensor([1, height, width]);
    for (let c = 0; c < channels; c++) {
      let weight = 0;
      for (let i = 0; i < size; i++) weight += gradient.data[c * size + i] / size;
      for (let i = 0; i < size; i++) cam.data[i] += weight * maps.data[c * size + i];
    }
    const sides = x.shape.slice(1);
    return live.tensor(sides, live.interpolate(live.relu(cam), sides).data);
  });
};
