// Number the regions of a picture (1, H, W) whose pixels are not 0; pixels that
// share a side or a corner hang together, as in cv2.connectedComponents. Count
// them; labels begin at 1, and 0 is outside.
live.connected_components = function (x) {
  const [, height, width] = x.shape;
  const labels = new Int32Array(height * width);
  const stack = new Int32Array(height * width); // a pixel enters it once
  let count = 0;
  for (let first = 0; first < labels.length; first++) {
    if (!x.data[first] || labels[first]) continue;
    let left = 0;
    stack[left++] = first;
    labels[first] = ++count;
    while (left) {
      const at = stack[--left];
      const row = Math.floor(at / width);
      const column = at % width;
      const [top, bottom] = [Math.max(0, row - 1), Math.min(height - 1, row + 1)];
      const right = Math.min(width - 1, column + 1);
      for (let r = top; r <= bottom; r++) {
        for (let c = Math.max(0, column - 1); c <= right; c++) {
          const near = r * width + c;
          if (!x.data[near] || labels[near]) continue;
          labels[near] = count;
          stack[left++] = near;
        }
      }
    }
  }
  return { count, labels };
};
