"""One process that runs the pages' functions: node, or where it is missing, Chromium."""

from __future__ import annotations

import base64
import json
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import sync_playwright

from book import live
from tests.site.conftest import FLAGS, executable

# Each line names a function and its values; the answer is what it returns.
ANSWER = """
globalThis.numbers = (kind, text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return kind === "u1" ? bytes : new Float32Array(bytes.buffer);
};
globalThis.text = (data) => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let all = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    all += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(all);
};
globalThis.answer = async (line) => {
  const [name, ...values] = JSON.parse(line, (_, value) =>
    value?.numbers === undefined ? value
      : live.tensor(value.shape, numbers(value.kind, value.numbers)));
  try {
    return JSON.stringify({ value: await live[name](...values) }, (_, value) =>
      value instanceof Float32Array ? { kind: "f4", numbers: text(value) }
        : value instanceof Uint8Array ? { kind: "u1", numbers: text(value) }
        : value instanceof Int32Array ? { kind: "i4", numbers: text(value) }
        : value);
  } catch (error) {
    return JSON.stringify({ error: error.message });
  }
};
"""
LISTEN = """
require("readline").createInterface({ input: process.stdin })
  .on("line", async (line) => process.stdout.write((await answer(line)) + "\\n"));
"""

Engine = Callable[..., Any]


def sent(value: Any) -> Any:
    """Write what a function is given as JSON: tensors as their shape and their bytes."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        kind = "u1" if value.dtype == np.uint8 else "f4"
        data = base64.b64encode(np.ascontiguousarray(value.astype(f"<{kind}")).tobytes())
        return {"shape": list(value.shape), "kind": kind, "numbers": data.decode()}
    if isinstance(value, list | tuple):
        return [sent(each) for each in value]
    if isinstance(value, dict):
        return {name: sent(each) for name, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON has no such number")
    return value


def come(value: Any) -> Any:
    """Read what a function returned."""
    if isinstance(value, dict) and "numbers" in value:
        return np.frombuffer(base64.b64decode(value["numbers"]), f"<{value['kind']}")
    if isinstance(value, dict) and {*value} == {"shape", "data"}:
        return come(value["data"]).reshape(value["shape"])
    if isinstance(value, dict):
        return {name: come(each) for name, each in value.items()}
    if isinstance(value, list):
        return [come(each) for each in value]
    return value


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    """Call a function of the pages by its name."""
    script = f"{live.functions()}\n{ANSWER}"
    if node := shutil.which("node"):
        with subprocess.Popen(
            [node, "-e", f"{script}{LISTEN}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process:

            def by_node(line: str) -> str:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
                return process.stdout.readline()

            yield call(by_node)
            process.terminate()
        return
    if executable() is None:
        pytest.skip("neither node nor Chromium is installed; on Debian: apt-get install nodejs")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        page = chromium.new_page()
        page.evaluate(f"() => {{ {script} }}")
        yield call(lambda line: str(page.evaluate("answer", line)))
        chromium.close()


def call(ask: Callable[[str], str]) -> Engine:
    """Turn what answers lines of JSON into a function."""

    def called(name: str, *values: Any) -> Any:
        answer = json.loads(ask(json.dumps([name, *map(sent, values)])))
        if "error" in answer:
            raise ValueError(answer["error"])
        return come(answer.get("value"))

    return called
