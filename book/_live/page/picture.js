// Let the reader bring a picture: a file, what was copied, or the camera. It
// stays in the page. The worker decodes it, makes it at most `side` pixels long,
// and gives its pixels, (H, W, 3), to the function that fit names; take is called
// with what that returns.
live.page.bring = function (take, { given, fit, side = 256 }) {
  const { element } = live.page;
  const told = element("p", { className: "live-told", role: "status" });
  const say = (words) => {
    told.textContent = words;
  };
  const own = element("input", {
    type: "file", accept: "image/*", className: "visually-hidden",
    "aria-label": "Your own picture, from a file",
  });
  let turn = 0;
  const open = async (blob, name) => {
    const now = ++turn;
    say("One moment.");
    try {
      const read = await live.page.run("shrink", blob, side, fit);
      const still = (await live.page.moves(blob))
        ? " It moves; this is its first picture."
        : "";
      if (now !== turn) return; // another one was brought meanwhile
      const { shape } = read.pixels;
      const [height, width] = fit[0] === "grey" ? shape.slice(1) : shape;
      say(
        `${name}: ${read.width} × ${read.height} pixels, computed at ` +
          `${width} × ${height}. It stays in this page.${still}`,
      );
      take(read.pixels);
    } catch {
      if (now !== turn) return;
      say(
        `${name} cannot be read as a picture. Take a JPEG, PNG, WebP or GIF ` +
          "that your browser can show.",
      );
    }
  };
  own.addEventListener("change", () => {
    if (own.files.length) open(own.files[0], own.files[0].name);
    own.value = ""; // the same file may come again
  });
  const labels = Object.keys(given);
  const choose = async (label) => {
    const now = ++turn;
    say("");
    const blob = live.page.blob(given[label]);
    const { pixels } = await live.page.run("shrink", blob, side, fit);
    if (now === turn) take(pixels);
  };
  const file = element("button", { type: "button", onclick: () => own.click() }, "your own");
  const camera = element(
    "button",
    { type: "button", onclick: () => live.page.photograph(open, say) },
    "camera",
  );
  const controls = element("div", { className: "explorer-controls live-bring" });
  if (labels.length > 1) {
    controls.append(live.page.list("picture", labels, choose));
  } else {
    const back = element("button", { type: "button", onclick: () => choose(labels[0]) }, labels[0]);
    controls.append(element("span", {}, "picture"), back);
  }
  controls.append(file, camera, own, told);
  controls.addEventListener("paste", (event) => paste(event));
  const paste = (event) => {
    const [copied] = event.clipboardData.files;
    if (copied) open(copied, "What you copied");
    else say("What you copied is no picture.");
  };
  // Dropped anywhere on the explorer, or pasted while something in it has the focus.
  const within = (root) => {
    root.addEventListener("dragover", (event) => event.preventDefault());
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      const [dropped] = event.dataTransfer.files;
      if (dropped) open(dropped, dropped.name);
      else say("What you dropped is no file.");
    });
    root.addEventListener("paste", paste);
  };
  return { controls, within, choose: () => choose(labels[0]) };
};

// What an address holds itself (data:), in base 64.
live.page.blob = function (address) {
  const [, type, text] = /^data:([^;]+);base64,(.*)$/.exec(address);
  return new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type });
};

// Tell a GIF of more than one picture, by going through its blocks: 21 begins
// an extension, 2C a picture, 3B the end; each has parts that say their length.
live.page.moves = async function (blob) {
  const bytes = new Uint8Array(await blob.slice(0, 4_000_000).arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(0, 3)) !== "GIF") return false;
  const colours = (flags) => (flags & 128 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + colours(bytes[10]);
  let pictures = 0;
  while (at < bytes.length && bytes[at] !== 0x3b && pictures < 2) {
    const picture = bytes[at] === 0x2c;
    pictures += picture;
    at += picture ? 11 + colours(bytes[at + 9]) : 2;
    while (bytes[at]) at += bytes[at] + 1;
    at += 1;
  }
  return pictures > 1;
};

// One picture of the camera, which is switched off at once.
live.page.photograph = async function (open, say) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    const denied = error.name === "NotAllowedError";
    say(
      denied
        ? "The camera was not allowed. A file does as well."
        : "There is no camera that this page may use. A file does as well.",
    );
    return;
  }
  const video = live.page.element("video", { srcObject: stream, muted: true, playsInline: true });
  try {
    await video.play();
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    await open(await canvas.convertToBlob(), "Your photograph");
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
};
