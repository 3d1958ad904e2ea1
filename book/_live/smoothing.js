// Filters that smooth a grey picture of whole numbers from 0 to 255, (1, H, W),
// with the numbers of cvlib.images and OpenCV.

// Round to a whole number; halves go to the even one, as in NumPy and OpenCV.
live.rint = function (value) {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
};

// The weights of a Gaussian blur along one axis: cv2.getGaussianKernel.
live.gaussian_kernel = function (ksize, sigma) {
  const half = ksize >> 1;
  const weights = Float64Array.from({ length: ksize }, (_, at) =>
    Math.exp(-((at - half) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

// The same in parts of 256, with the sum 256. Each makes up for the rounding of
// the one before it, and the middle for what is left.
live.parts_of_256 = function (weights) {
  const half = weights.length >> 1;
  const parts = new Int32Array(weights.length);
  let error = 0;
  for (let at = 0; at < half; at++) {
    const exact = 256 * weights[at];
    parts[at] = live.rint(exact + error);
    parts[weights.length - 1 - at] = parts[at];
    error += exact - parts[at];
  }
  parts[half] = 256 - parts.reduce((a, b) => a + b, 0);
  return parts;
};

// cv2.GaussianBlur with as many weights as sigma needs: rows, then columns, in
// whole numbers, of which only the last is rounded.
live.gaussian_blur = function (x, sigma) {
  if (!(sigma > 0)) throw new Error(`sigma is ${sigma}; expected more than 0`);
  const ksize = live.rint(6 * sigma + 1) | 1;
  const parts = live.parts_of_256(live.gaussian_kernel(ksize, sigma));
  const [, height, width] = x.shape;
  const half = ksize >> 1;
  const wide = width + 2 * half;
  const data = Int32Array.from(live.pad(x, half).data);
  const rows = new Int32Array((height + 2 * half) * width);
  for (let at = 0, row = 0; row < height + 2 * half; row++) {
    for (let column = 0; column < width; column++, at++) {
      let sum = 0;
      const from = row * wide + column;
      for (let i = 0; i < ksize; i++) sum += parts[i] * data[from + i];
      rows[at] = sum;
    }
  }
  const y = live.tensor(x.shape);
  for (let at = 0; at < y.data.length; at++) {
    let sum = 2 ** 15; // a half, in parts of 256 · 256
    for (let i = 0; i < ksize; i++) sum += parts[i] * rows[at + i * width];
    y.data[at] = sum >> 16;
  }
  return y;
};

// cv2.blur: the mean over a square, by sums that slide along.
live.blur = function (x, ksize) {
  const count = ksize * ksize;
  if (!(count <= 256)) {
    throw new Error(`ksize is ${ksize}; expected at most 256 pixels`);
  }
  const [, height, width] = x.shape;
  const before = ksize >> 1;
  const wide = width + 2 * before;
  const { data } = live.pad(x, before);
  // OpenCV rounds halves up, and a little early for powers of two.
  const half = (count >> 1) + (count > 1 && (count & (count - 1)) === 0 ? 1 : 0);
  const columns = new Int32Array(wide);
  const y = live.tensor(x.shape);
  for (let row = 0; row < height + ksize - 1; row++) {
    for (let c = 0; c < wide; c++) columns[c] += data[row * wide + c];
    if (row < ksize - 1) continue;
    const top = row - ksize + 1;
    let sum = half;
    for (let c = 0; c < width + ksize - 1; c++) {
      sum += columns[c];
      if (c < ksize - 1) continue;
      const left = c - ksize + 1;
      y.data[top * width + left] = Math.floor(sum / count);
      sum -= columns[left];
    }
    for (let c = 0; c < wide; c++) columns[c] -= data[top * wide + c];
  }
  return y;
};

// cv2.medianBlur. Beyond the border, the last pixel is repeated. A histogram
// of the square slides along each row, and with it the count below the median.
live.median_blur = function (x, ksize) {
  if (!(ksize % 2 === 1)) throw new Error(`ksize is ${ksize}; expected an odd number`);
  const [, height, width] = x.shape;
  const half = ksize >> 1;
  const most = (ksize * ksize) >> 1; // pixels that lie before the middle one
  const inside = (at, side) => Math.min(side - 1, Math.max(0, at));
  const { data } = x;
  const y = live.tensor(x.shape);
  const pixels = new Int32Array(256);
  for (let row = 0; row < height; row++) {
    pixels.fill(0);
    let median = 0;
    let below = 0; // pixels darker than the median
    const rows = Array.from(
      { length: ksize },
      (_, i) => width * inside(row + i - half, height),
    );
    const add = (column, change) => {
      const c = inside(column, width);
      for (let i = 0; i < ksize; i++) {
        const level = data[rows[i] + c];
        pixels[level] += change;
        if (level < median) below += change;
      }
    };
    for (let c = -half; c < half; c++) add(c, 1);
    for (let c = 0; c < width; c++) {
      add(c + half, 1);
      while (below > most) below -= pixels[--median];
      while (below + pixels[median] <= most) below += pixels[median++];
      y.data[row * width + c] = median;
      add(c - half, -1);
    }
  }
  return y;
};

// cv2.bilateralFilter, up to one level: neighbours in a disc, weighed by how near
// they are and by how alike.
live.bilateral_filter = function (x, sigmaColor, sigmaSpace) {
  if (!(Math.min(sigmaColor, sigmaSpace) > 0)) {
    throw new Error(`the sigmas are ${sigmaColor} and ${sigmaSpace}; expected more than 0`);
  }
  const radius = Math.max(1, live.rint(1.5 * sigmaSpace));
  const middle = x.data;
  const alike = Float32Array.from({ length: 256 }, (_, apart) =>
    Math.exp(-((apart / sigmaColor) ** 2) / 2),
  );
  const [, height, width] = x.shape;
  const wide = width + 2 * radius;
  const { data } = live.pad(x, radius);
  const totals = new Float32Array(height * width);
  const weights = new Float32Array(height * width);
  for (let i = -radius; i <= radius; i++) {
    for (let j = -radius; j <= radius; j++) {
      const far = i * i + j * j;
      if (far > radius * radius) continue;
      const near = Math.fround(Math.exp(-far / (2 * sigmaSpace * sigmaSpace)));
      for (let at = 0, row = 0; row < height; row++) {
        let from = (row + radius + i) * wide + radius + j;
        for (let c = 0; c < width; c++, at++, from++) {
          const value = data[from];
          const weight = near * alike[Math.abs(value - middle[at])];
          weights[at] += weight;
          totals[at] += weight * value;
        }
      }
    }
  }
  return live.tensor(x.shape, totals.map((total, at) => live.rint(total / weights[at])));
};

// How near a picture is to another, in decibels: cvlib.images.filters.psnr.
// Infinite for equal ones.
live.psnr = function (reference, image) {
  let sum = 0;
  for (let at = 0; at < image.data.length; at++) {
    sum += (reference.data[at] - image.data[at]) ** 2;
  }
  return 10 * Math.log10((255 * 255 * image.data.length) / sum);
};
