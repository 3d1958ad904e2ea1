// A board to draw a digit on, and what LeNet makes of it while one draws.
live.page.pieces.digit = {
  needs: ["lenet"],

  start(face, { examples, level }, explorer) {
    const { element, run } = live.page;
    const side = 280; // the board's units, and its pixels where there is room
    const names = Object.keys(examples);
    const own = "your own";
    let strokes = []; // lists of [x, y]
    let waiting = true; // the first example gives way to the first stroke
    const layers = run("unpack", live.given.lenet);

    const board = element("canvas", {
      className: "digit-board", width: 2 * side, height: 2 * side, tabIndex: 0,
      role: "application", "aria-label": "Drawing board",
      "aria-describedby": "digit-keys",
    });
    const picture = live.page.canvas("What the network gets: 28 × 28 pixels", 112);
    const answer = element("p", { className: "digit-answer" });
    const { bars, maps, python: code } = live.page.pieces.digit;
    const probable = bars("Probability of each digit");
    const inside = maps();
    const python = element("code", {});
    const told = element("p", { className: "explorer-told", role: "status" });
    const place = element("p", { className: "explorer-told", role: "status" });

    // What the network says, in words.
    const words = (result) => {
      if (!result) return "Draw a digit.";
      const { best, probabilities } = result;
      const sure = `${best}, with probability ${probabilities[best].toFixed(2)}`;
      return result.known ? `Read as ${sure}.` : `I do not know. Perhaps ${sure}.`;
    };
    const compute = live.page.steady(
      async (drawn) => (drawn.length ? run("readStrokes", drawn, await layers) : null),
      (found, drawn, say) => {
        const result = found && { ...found, strokes: drawn };
        if (result) {
          result.probabilities = live.softmax(found.outputs.at(-1)).data;
          result.best = result.probabilities.indexOf(Math.max(...result.probabilities));
          result.known = result.probabilities[result.best] >= level;
        }
        explorer.result = result;
        live.page.show(picture, found?.picture ?? live.tensor([28, 28]));
        const texts = result && Array.from(result.probabilities, (p) => p.toFixed(2));
        probable.show(result?.probabilities, texts, result?.known ? result.best : null);
        inside.show(found?.outputs);
        answer.textContent = !result ? "" : result.known ? result.best : "I do not know";
        answer.classList.toggle("digit-unknown", !result?.known);
        if (inPython.open) python.textContent = code(drawn);
        if (say) told.textContent = words(result);
      },
    );
    let old = null; // the network of 1998, once it was asked for
    const update = (say) => {
      paint();
      // Strokes grow while the worker reads: it gets a copy.
      const drawn = strokes.map((stroke) => [...stroke]);
      compute(drawn, say);
      old?.read(drawn);
    };

    const pen = { x: side / 2, y: side / 2, down: false, shown: false };
    const paint = () => {
      const context = board.getContext("2d");
      context.setTransform(2, 0, 0, 2, 0, 0);
      context.clearRect(0, 0, side, side);
      Object.assign(context, { lineWidth: 14, lineCap: "round", lineJoin: "round" });
      context.strokeStyle = waiting ? "#8a97a3" : "#16324a";
      for (const [first, ...rest] of strokes) {
        context.beginPath();
        context.moveTo(...first);
        for (const point of rest.length ? rest : [first]) context.lineTo(...point);
        context.stroke();
      }
      if (waiting) {
        Object.assign(context, { fillStyle: "#5b6875", font: "16px sans-serif" });
        context.fillText("draw here", 12, side - 14);
      }
      if (pen.shown) {
        Object.assign(context, { lineWidth: 3, strokeStyle: "#d55e00" });
        context.beginPath();
        context.arc(pen.x, pen.y, pen.down ? 7 : 11, 0, 2 * Math.PI);
        context.stroke();
      }
    };
    const begin = (point) => {
      if (waiting) strokes = [];
      waiting = false;
      example.querySelector("select").value = own;
      strokes.push([point]);
      update(false);
    };
    const extend = (point) => {
      strokes.at(-1).push(point);
      update(false);
    };
    const undo = () => {
      lift();
      waiting = false;
      strokes.pop();
      update(true);
    };
    const clear = () => {
      lift();
      waiting = false;
      strokes = [];
      example.querySelector("select").value = own;
      update(true);
    };
    const lift = () => {
      pen.down = false;
    };

    // Mouse, finger and pen: one pointer at a time.
    let pointer = null;
    const at = (event) => {
      const { left, top, width, height } = board.getBoundingClientRect();
      const within = (part) => Math.round(Math.min(1, Math.max(0, part)) * side);
      return [
        within((event.clientX - left) / width),
        within((event.clientY - top) / height),
      ];
    };
    board.addEventListener("pointerdown", (event) => {
      if (pointer !== null || event.button !== 0) return;
      pointer = event.pointerId;
      board.setPointerCapture(pointer);
      lift();
      pen.shown = false;
      begin(at(event));
    });
    board.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      const point = at(event);
      const [x, y] = strokes.at(-1).at(-1);
      if (Math.hypot(point[0] - x, point[1] - y) >= 2) extend(point);
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      board.addEventListener(kind, (event) => {
        if (event.pointerId !== pointer) return;
        pointer = null;
        update(true);
      });
    }

    // Keys: arrows move the pen, the space bar puts it down and lifts it.
    const steps = {
      ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0],
    };
    const keys = (event) => {
      if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) begin([pen.x, pen.y]);
        else update(true);
        place.textContent = pen.down ? "Pen down." : "Pen up.";
      } else if (event.key === "Backspace") {
        if (strokes.length) undo();
      } else if (steps[event.key]) {
        const [right, down] = steps[event.key];
        pen.x = Math.min(side, Math.max(0, pen.x + right));
        pen.y = Math.min(side, Math.max(0, pen.y + down));
        if (pen.down) extend([pen.x, pen.y]);
        place.textContent = `${pen.x / 10} across, ${pen.y / 10} down`;
      } else return;
      event.preventDefault();
      pen.shown = true;
      paint();
    };
    board.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) keys(event);
    });
    board.addEventListener("blur", () => {
      const drawing = pen.down;
      lift();
      pen.shown = false;
      if (drawing) update(true);
      else paint();
    });

    const load = (name) => {
      if (name === own) {
        clear();
        return;
      }
      lift();
      waiting = false;
      strokes = examples[name].map((stroke) => stroke.map((point) => [...point]));
      update(true);
    };
    const example = live.page.list("example", [own, ...names], load);
    const button = (text, onclick) =>
      element("button", { type: "button", onclick }, text);
    const copy = button("copy", async () => {
      await navigator.clipboard.writeText(python.textContent);
      told.textContent = "Copied.";
    });
    const more = (title, ...children) =>
      element(
        "details",
        { className: "digit-more" },
        element("summary", {}, title),
        ...children,
      );
    const waits = element("p", { className: "live-told", role: "status" });
    const network1998 = more("Ask the network of 1998, too", waits);
    network1998.addEventListener("toggle", async () => {
      if (!network1998.open || old) return;
      waits.textContent = "One moment.";
      try {
        await Promise.all(["digit_1998", "lenet5"].map(live.page.fetch));
      } catch {
        waits.textContent = "It could not be fetched.";
        return;
      }
      if (old) return; // it was asked for twice
      old = live.page.pieces.digit_1998.make(bars("Squared distance to each drawing"));
      waits.replaceWith(old.face);
      old.read(strokes);
    });
    const inPython = more(
      "The same in Python",
      element("div", { className: "live-bring" }, copy),
      element("pre", { tabIndex: 0, role: "group", "aria-label": "Python" }, python),
    );
    inPython.addEventListener("toggle", () => {
      python.textContent = code(strokes);
    });
    face.append(
      element("div", { className: "explorer-controls" }, example),
      element(
        "div",
        { className: "digit-panels" },
        element(
          "div",
          {},
          board,
          element(
            "div",
            { className: "live-bring digit-buttons" },
            button("undo", undo),
            button("clear", clear),
          ),
        ),
        element(
          "div",
          { className: "digit-reading" },
          element(
            "figure",
            {},
            picture,
            element("figcaption", {}, "what LeNet gets"),
            answer,
          ),
          probable.face,
        ),
      ),
      inside.face,
      network1998,
      inPython,
      told,
      place,
      element(
        "p",
        { className: "live-hint", id: "digit-keys" },
        "Draw with the mouse, a finger or a pen. By keyboard: the arrow keys move " +
          "the pen, the space bar puts it down and lifts it, Backspace takes a " +
          "stroke back.",
      ),
    );
    load(names[0]);
    example.querySelector("select").value = names[0];
    waiting = true;
    paint();
  },

  // Ten bars, each with its digit and a text.
  bars(label) {
    const { element } = live.page;
    const rows = Array.from({ length: 10 }, (_, digit) => {
      const bar = element("span", { className: "digit-bar" });
      const text = element("span", { className: "digit-number" });
      const track = element("span", { className: "digit-track" }, bar);
      const row = element("li", {}, element("span", {}, String(digit)), track, text);
      return { row, bar, text };
    });
    return {
      face: element(
        "ol",
        { className: "digit-bars", "aria-label": label },
        ...rows.map(({ row }) => row),
      ),
      // Values from 0 to 1; `best` is the one to mark, or null.
      show(values, texts, best) {
        rows.forEach(({ row, bar, text }, digit) => {
          bar.style.width = `${100 * (values?.[digit] ?? 0)}%`;
          text.textContent = texts?.[digit] ?? "";
          row.classList.toggle("digit-best", digit === best);
        });
      },
    };
  },

  // All feature maps of both convolutions and poolings.
  maps() {
    const { element } = live.page;
    // The place of the layer, its maps, their side; maps in a row, their zoom.
    const panels = [
      ["convolution", 1, 6, 28, 3, 2],
      ["pooling", 2, 6, 14, 3, 3],
      ["convolution", 4, 16, 10, 4, 3],
      ["pooling", 5, 16, 5, 4, 4],
    ].map(([name, at, count, size, columns, zoom]) => {
      const words = `${count} maps of ${size} × ${size}`;
      const canvas = live.page.canvas(`${name}: ${words}`, 0);
      canvas.width = columns * (size + 1) - 1;
      canvas.height = Math.ceil(count / columns) * (size + 1) - 1;
      canvas.style.width = `${zoom * canvas.width}px`;
      return { name, at, count, size, columns, words, canvas };
    });
    return {
      face: element(
        "div",
        { className: "live-panels digit-maps" },
        ...panels.map(({ name, words, canvas }) =>
          element("figure", {}, canvas, element("figcaption", {}, `${name}\n${words}`)),
        ),
      ),
      show(outputs) {
        for (const { at, count, size, columns, canvas } of panels) {
          const data = outputs?.[at].data ?? new Float32Array(count * size * size);
          // One scale for all maps of a layer; between two of them nothing is painted.
          const most = data.reduce((a, b) => Math.max(a, b), 0) || 1;
          const { width, height } = canvas;
          live.page.paint(canvas, [height, width], (place) => {
            const [y, x] = [Math.floor(place / width), place % width];
            const [row, column] = [y % (size + 1), x % (size + 1)];
            if (row === size || column === size) return 0;
            const map = columns * Math.floor(y / (size + 1)) + Math.floor(x / (size + 1));
            return live.page.packed((255 * data[(map * size + row) * size + column]) / most);
          });
        }
      },
    };
  },

  // What does the same with the package.
  python(strokes) {
    const lines = strokes.map((stroke) => {
      let text = "    [";
      let column = text.length;
      stroke.forEach(([x, y], at) => {
        const point = `(${x}, ${y})${at < stroke.length - 1 ? "," : "],"}`;
        if (column + point.length > 74) {
          text += "\n    ";
          column = 4;
        }
        if (at) text += " ";
        text += point;
        column += point.length + 1;
      });
      return text;
    });
    return [
      "import torch",
      "",
      "from cvlib.data import rasterize",
      "from cvlib.networks import pretrained",
      "",
      "strokes = [",
      ...lines,
      "]",
      "picture = torch.from_numpy(rasterize(strokes))",
      'model = pretrained("lenet")',
      "with torch.inference_mode():",
      "    probabilities = model(picture[None, None] / 255)[0].softmax(0)",
      "for digit, probability in enumerate(probabilities.tolist()):",
      '    print(digit, f"{probability:.2f}")',
      "",
    ].join("\n");
  },
};
