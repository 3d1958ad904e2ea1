// Compute in a worker, so that the page never waits. Only functions of the
// engine itself are sent there, as text: a page opened from a file may start
// no other worker.
live.page.worker = function () {
  const functions = Object.entries(live)
    .filter(([, value]) => typeof value === "function")
    .map(([name, value]) => `live.${name} = ${value};`);
  const answer = `onmessage = async ({ data: [number, name, ...values] }) => {
    try { postMessage([number, null, await live[name](...values)]); }
    catch (error) { postMessage([number, error.message]); }
  };`;
  const text = ["const live = {};", ...functions, answer].join("\n");
  const worker = new Worker(URL.createObjectURL(new Blob([text])));
  const waiting = new Map();
  worker.onmessage = ({ data: [number, error, value] }) => {
    const [resolve, reject] = waiting.get(number);
    waiting.delete(number);
    if (error === null) resolve(value);
    else reject(new Error(error));
  };
  let number = 0;
  return (...asked) =>
    new Promise((resolve, reject) => {
      waiting.set(++number, [resolve, reject]);
      worker.postMessage([number, ...asked]);
    });
};

// live.page.run("conv2d", x, weight) promises what live.conv2d returns. A piece
// brings functions along: then there is a new worker, which knows them.
live.page.run = (...asked) => {
  const { run } = live.page;
  const known = Object.keys(live).length;
  if (run.known !== known) {
    run.known = known;
    run.there = live.page.worker();
  }
  return run.there(...asked);
};

// Turn compute, which promises something, and show into one function that is
// called as often as one likes: while it computes, only the last call waits.
live.page.steady = function (compute, show) {
  let running = false;
  let next = null;
  return async function ask(...asked) {
    next = asked;
    if (running) return;
    running = true;
    while (next) {
      const now = next;
      next = null;
      try {
        show(await compute(...now), ...now);
      } catch (error) {
        console.error(error);
      }
    }
    running = false;
  };
};
