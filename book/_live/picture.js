// The pixels of what can be drawn, (H, W, 3).
live.pixels = function (drawable, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(drawable, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const colours = live.tensor([height, width, 3], new Uint8Array(3 * width * height));
  for (let from = 0, to = 0; to < colours.data.length; from++) {
    if (from % 4 < 3) colours.data[to++] = data[from];
  }
  return colours;
};

// Decode a picture, make it at most `side` pixels long, and hand it to a function
// of these: its name, and what else it takes.
live.shrink = async function (file, side, [fit, ...more]) {
  const whole = await createImageBitmap(file);
  const { width, height } = whole;
  const scale = Math.min(1, side / Math.max(width, height));
  const sizes = [width, height].map((each) => Math.max(1, Math.round(each * scale)));
  const small = await createImageBitmap(whole, {
    resizeWidth: sizes[0], resizeHeight: sizes[1], resizeQuality: "high",
  });
  whole.close();
  const pixels = live.pixels(small, ...sizes);
  small.close();
  return { pixels: live[fit](pixels, ...more), width, height };
};
