// Pixels (H, W, 3) as a network takes them: (3, H, W), from 0 to 1.
live.to_tensor = function ({ shape: [height, width, channels], data }) {
  const y = live.tensor([channels, height, width]);
  for (let at = 0; at < data.length; at++) {
    const place = Math.floor(at / channels);
    y.data[(at % channels) * height * width + place] = data[at] / 255;
  }
  return y;
};

// Crop the middle of a picture (H, W, 3) and give it this side, each pixel the
// mean of those that it takes the place of: torch's adaptive_avg_pool2d.
live.square = function ({ shape: [height, width, channels], data }, side) {
  const whole = Math.min(height, width);
  const [top, left] = [(height - whole) >> 1, (width - whole) >> 1];
  const y = live.tensor([side, side, channels], new Uint8Array(side * side * channels));
  const span = (at) => [
    Math.floor((at * whole) / side),
    Math.ceil(((at + 1) * whole) / side),
  ];
  for (let row = 0; row < side; row++) {
    const [begin, end] = span(row);
    for (let column = 0; column < side; column++) {
      const [from, to] = span(column);
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let r = begin; r < end; r++) {
          for (let c = from; c < to; c++) {
            sum += data[((top + r) * width + left + c) * channels + channel];
          }
        }
        const mean = sum / ((end - begin) * (to - from));
        y.data[(row * side + column) * channels + channel] = Math.round(mean);
      }
    }
  }
  return y;
};
