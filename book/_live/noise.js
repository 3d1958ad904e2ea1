// Noise as cameras and cables make it: cvlib.images.noise, with other random
// numbers, which are the same at each call.

// Numbers at random from 0 to 1, without the ends: shifts and exclusive ors of
// 32 bits (Marsaglia, "Xorshift RNGs", Journal of Statistical Software, 2003).
live.random = function () {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

// Add to each pixel a number from a normal distribution (Box and Muller, 1958).
live.add_gaussian_noise = function (x, sigma) {
  const random = live.random();
  const noisy = x.data.map((value) => {
    const radius = Math.sqrt(-2 * Math.log(random()));
    const normal = radius * Math.cos(2 * Math.PI * random());
    return Math.min(255, Math.max(0, live.rint(value + sigma * normal)));
  });
  return live.tensor(x.shape, noisy);
};

// Set a share of the pixels to black or to white, half of them each.
live.add_salt_and_pepper = function (x, share) {
  const random = live.random();
  const noisy = x.data.map((value) => {
    const lot = random();
    return lot < share / 2 ? 0 : lot >= 1 - share / 2 ? 255 : value;
  });
  return live.tensor(x.shape, noisy);
};

// Count the photons of each pixel, of which a white one expects so many.
live.add_shot_noise = function (x, photons) {
  const random = live.random();
  const light = (level) => {
    const value = level / 255; // undo the gamma curve of sRGB, and apply it below
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const level = (amount) => {
    const curve = 1.055 * amount ** (1 / 2.4) - 0.055;
    return live.rint(255 * Math.min(1, amount <= 0.0031308 ? 12.92 * amount : curve));
  };
  // A Poisson count: how many random numbers have a product above e^-expected.
  const poisson = (expected) => {
    const least = Math.exp(-expected);
    let count = 0;
    for (let product = random(); product > least; product *= random()) count++;
    return count;
  };
  const noisy = x.data.map((value) => level(poisson(photons * light(value)) / photons));
  return live.tensor(x.shape, noisy);
};
