// Minima and maxima over neighbourhoods: cvlib.images.morphology, with the
// numbers of OpenCV, on a picture (1, H, W).

// cv2.getStructuringElement: 1 in the neighbourhood, 0 elsewhere.
live.structuring_element = function (shape, [width, height]) {
  const [middle, half] = [width >> 1, height >> 1];
  const inverse = 1 / Math.max(half, 1) ** 2;
  const inside = {
    rect: () => true,
    cross: (x, y) => x === 0 || y === 0,
    ellipse: (x, y) =>
      x <= live.rint(middle * Math.sqrt((half ** 2 - y ** 2) * inverse)),
    diamond: (x, y) => x + y <= half,
  }[shape];
  if (!inside) {
    throw new Error(`shape is ${shape}; expected rect, cross, ellipse or diamond`);
  }
  const element = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [(at % width) - middle, Math.floor(at / width) - half];
    return inside(Math.abs(x), Math.abs(y)) ? 1 : 0;
  });
  return live.tensor([height, width], element);
};

// The least value under the kernel, laid on each pixel by its middle; what lies
// beyond the border is never the least.
live.erode = function (x, kernel) {
  const [, height, width] = x.shape;
  const [rows, columns] = kernel.shape;
  const wide = width + columns - 1;
  const least = new Float32Array((height + rows - 1) * wide).fill(Infinity);
  for (let row = 0; row < height; row++) {
    const line = x.data.subarray(row * width, (row + 1) * width);
    least.set(line, (row + (rows >> 1)) * wide + (columns >> 1));
  }
  // Rows of the kernel as runs of ones, the shortest first.
  const runs = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      let length = 0;
      while (column + length < columns && kernel.data[at + length]) length++;
      if (length) runs.push({ row, column, length });
      column += length;
    }
  }
  runs.sort((a, b) => a.length - b.length);
  const y = live.tensor(x.shape, new Float32Array(height * width).fill(Infinity));
  let span = 1;
  for (const { row, column, length } of runs) {
    // Two minima over a span, side by side or overlapping, make a longer one.
    while (span < length) {
      const step = Math.min(span, length - span);
      for (let at = 0; at + step < least.length; at++) {
        if (least[at + step] < least[at]) least[at] = least[at + step];
      }
      span += step;
    }
    for (let at = 0, r = 0; r < height; r++) {
      let from = (r + row) * wide + column;
      for (let c = 0; c < width; c++, at++, from++) {
        if (least[from] < y.data[at]) y.data[at] = least[from];
      }
    }
  }
  return y;
};

// The greatest value: to grow white is to shrink black.
live.dilate = function (x, kernel) {
  const negative = ({ shape, data }) =>
    live.tensor(shape, data.map((value) => 255 - value));
  return negative(live.erode(negative(x), kernel));
};

// cv2.morphologyEx. Differences stop at 0, which matters for a kernel of an even
// side: it is not the same after half a turn.
live.morphology_ex = function (x, operation, kernel) {
  const erode = (picture) => live.erode(picture, kernel);
  const dilate = (picture) => live.dilate(picture, kernel);
  const minus = (a, b) =>
    live.tensor(a.shape, a.data.map((value, at) => Math.max(0, value - b.data[at])));
  switch (operation) {
    case "erode":
      return erode(x);
    case "dilate":
      return dilate(x);
    case "open":
      return dilate(erode(x));
    case "close":
      return erode(dilate(x));
    case "gradient":
      return minus(dilate(x), erode(x));
    case "top-hat":
      return minus(x, dilate(erode(x)));
    case "black-hat":
      return minus(erode(dilate(x)), x);
    default:
      throw new Error(`operation is ${operation}, which is not known`);
  }
};

// How many pixels have each grey level.
live.histogram = function (x) {
  const pixels = new Int32Array(256);
  for (const level of x.data) pixels[level]++;
  return pixels;
};

// The level that splits the values into the two most separate classes.
live.otsu_threshold = function (x) {
  const pixels = live.histogram(x);
  const count = x.data.length;
  const all = x.data.reduce((a, b) => a + b, 0);
  let [dark, total, best, most] = [0, 0, 0, -1];
  for (let level = 0; level < 256; level++) {
    dark += pixels[level];
    total += pixels[level] * level;
    const apart = all * dark - total * count;
    const between = (apart * apart) / Math.max(dark * (count - dark), 1);
    if (between > most) [best, most] = [level, between];
  }
  return best;
};

// White above the level, black up to it.
live.threshold = function (x, level) {
  return live.tensor(x.shape, x.data.map((value) => (value > level ? 255 : 0)));
};
