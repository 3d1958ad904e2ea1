// Numbers in a row, and the shape they have: what all functions of the engine
// take and return. They are torch's by name, for one picture without a batch.
live.tensor = function (shape, data) {
  const size = shape.reduce((product, side) => product * side, 1);
  const numbers = data ?? new Float32Array(size);
  if (numbers.length !== size) {
    throw new Error(`data has ${numbers.length} numbers; expected ${size}`);
  }
  return { shape, data: numbers };
};

// The mean of red, green and blue by which OpenCV makes a picture grey.
// (H, W, 3) in, (1, H, W) out, rounded to a grey value.
live.grey = function ({ shape: [height, width], data }) {
  const grey = live.tensor([1, height, width]);
  for (let at = 0; at < grey.data.length; at++) {
    const [red, green, blue] = [3 * at, 3 * at + 1, 3 * at + 2];
    const sum = 9798 * data[red] + 19235 * data[green] + 3735 * data[blue];
    grey.data[at] = (sum + 16384) >> 15; // OpenCV counts in 2^-15, and rounds
  }
  return grey;
};
