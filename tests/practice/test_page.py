"""The page that reads digits computes what torch does, in node and in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import sync_playwright
from torch import Tensor, nn

from cvlib.data import mnist_sample, rasterize
from cvlib.data.strokes import drawn_strokes
from cvlib.networks import MLP, LeNet5, pretrained
from cvlib.practice.export import WEB_OPERATORS, to_web
from tests.site.conftest import FLAGS, executable

SCRIPT = Path(str(pytest.importorskip("cvlib.practice").__file__)).parent / "page.js"
NODE = shutil.which("node")
EXAMPLE = torch.zeros(1, 1, 28, 28)
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return to_web(
        pretrained("lenet"), tmp_path_factory.mktemp("page") / "lenet.html", example=EXAMPLE
    )


def graph_of(page: Path) -> str:
    (graph,) = re.findall(
        r'<script type="application/json" id="graph">(.*?)</script>', page.read_text()
    )
    return str(graph)


def in_node(task: str, given: Any) -> Any:
    """Run the page's script, then a task on what is given, and return what it returns."""
    script = f"""{SCRIPT.read_text()}
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify((() => {{ {task} }})()));"""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


RUN = """
return given.map(([graph, pictures]) => {
  const tensors = reader.unpack(graph);
  return pictures.map((data) => {
    const x = { shape: [1, 1, 28, 28], data: Float32Array.from(data) };
    return Array.from(reader.run(graph, tensors, x).data);
  });
});
"""


class Odd(nn.Module):
    """Strides, paddings, gaps, groups, and layers without a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, (3, 5), stride=(1, 2), padding=(2, 1)),
            nn.Tanh(),
            nn.MaxPool2d((2, 3), stride=(2, 1), padding=(1, 0)),
            nn.Conv2d(4, 6, 3, dilation=(2, 1), groups=2, bias=False),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.LazyLinear(10, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)  # type: ignore[no-any-return]


@needs_node
def test_the_script_computes_what_torch_does(lenet: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    odd = Odd().eval()
    odd(EXAMPLE)
    models = [odd, MLP().eval()]
    pages = [
        to_web(each, tmp_path / f"{type(each).__name__}.html", example=EXAMPLE) for each in models
    ]
    models.insert(0, pretrained("lenet"))
    _, test = mnist_sample().split(test=1000)
    x = test.images[:20] / 255
    given = [[json.loads(graph_of(page)), x.flatten(1).tolist()] for page in (lenet, *pages)]
    used = {step["operator"] for graph, _ in given for step in graph["steps"]}
    assert used | {"dropout"} == set(WEB_OPERATORS)
    for model, found in zip(models, in_node(RUN, given), strict=True):
        with torch.inference_mode():
            np.testing.assert_allclose(found, model(x), atol=1e-5)


@needs_node
def test_the_script_draws_strokes_as_the_package_does() -> None:
    drawn = [strokes for hand in drawn_strokes().values() for strokes in hand.values()]
    found = in_node(
        "return given.map((each) => Array.from(reader.rasterize(each).data));", [*drawn, [[[3, 3]]]]
    )
    truth = np.stack([rasterize(each).ravel() for each in (*drawn, [[[3, 3]]])])
    np.testing.assert_allclose(255 * np.array(found), truth, atol=1e-3)


def test_a_page_is_one_file_of_its_own(lenet: Path) -> None:
    assert not re.search(r"https?:|\bsrc=|\bhref=|import\(|fetch\(|\{\{", lenet.read_text())


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (LeNet5(), EXAMPLE, "model computes pad, which the page cannot; expected only conv2d, "),
        (nn.Flatten(), EXAMPLE, r"model gives \(784,\) for a picture; expected ten numbers"),
        (nn.Flatten(), torch.zeros(1, 3, 32, 32), r"example has shape \(1, 3, 32, 32\); expected"),
    ],
)
def test_other_networks_are_refused(
    model: nn.Module, example: Tensor, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        to_web(model, tmp_path / "absent.html", example=example)
    assert not list(tmp_path.iterdir())


def test_a_digit_that_is_drawn_is_read(lenet: Path) -> None:
    if executable() is None:
        pytest.skip("Chromium is not installed")
    asked: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        page = chromium.new_page(viewport={"width": 375, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        mistakes: list[str] = []
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto(lenet.as_uri())
        answer = page.locator("#answer")
        assert answer.inner_text() == "Draw a digit."
        box = page.locator("#board").bounding_box()
        assert box is not None

        def draw(*points: tuple[float, float]) -> None:
            places = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points
            ]
            page.mouse.move(*places[0])
            page.mouse.down()
            for place in places[1:]:
                page.mouse.move(*place, steps=4)
            page.mouse.up()

        draw((0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
        assert answer.inner_text().startswith("Read as 7, with probability 0.")
        meters = page.locator("meter").evaluate_all("(all) => all.map((each) => each.value)")
        assert meters.index(max(meters)) == 7
        assert abs(sum(meters) - 1) < 1e-5
        page.get_by_role("button", name="Clear").click()
        assert answer.inner_text() == "Draw a digit."
        draw((0.5, 0.15), (0.5, 0.85))
        assert answer.inner_text().startswith("Read as 1")
        wide = page.evaluate("document.documentElement.scrollWidth")
        chromium.close()
    assert wide <= 375
    assert not mistakes
    assert asked == [lenet.as_uri()]
