"""LeNet against its parts written out, its checkpoint against what the checkpoint says."""

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet, checkpoint, pretrained
from cvlib.training import evaluate, fit


@pytest.fixture(scope="module")
def sets():
    return mnist_sample().split(test=1000)


def test_parameters_layer_by_layer():
    counts = {name: value.numel() for name, value in LeNet().named_parameters()}
    assert counts == {
        "features.0.weight": 6 * 1 * 25, "features.0.bias": 6,
        "features.3.weight": 16 * 6 * 25, "features.3.bias": 16,
        "classifier.0.weight": 400 * 120, "classifier.0.bias": 120,
        "classifier.2.weight": 120 * 84, "classifier.2.bias": 84,
        "classifier.4.weight": 84 * 10, "classifier.4.bias": 10,
    }  # fmt: skip
    assert sum(counts.values()) == 61_706


def test_digits_and_letters_need_62_outputs():
    model = LeNet(num_classes=62)
    assert sum(parameter.numel() for parameter in model.parameters()) == 66_126
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 62)


def test_shapes_layer_by_layer():
    x, shapes = torch.zeros(1, 1, 28, 28), []
    for layer in LeNet().features:
        x = layer(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(6, 28, 28)] * 2 + [(6, 14, 14)] + [(16, 10, 10)] * 2 + [(16, 5, 5)]


def test_a_picture_of_another_size_does_not_fit_the_first_linear_layer():
    told = r"mat1 and mat2 shapes cannot be multiplied \(1x576 and 400x120\)"
    with pytest.raises(RuntimeError, match=told):
        LeNet()(torch.zeros(1, 1, 32, 32))


def test_is_what_its_parts_written_out_are():
    torch.manual_seed(0)
    model, x = LeNet(), torch.rand(3, 1, 28, 28)
    w = model.state_dict()
    y = F.relu(F.conv2d(x, w["features.0.weight"], w["features.0.bias"], padding=2))
    y = F.max_pool2d(y, 2)
    y = F.relu(F.conv2d(y, w["features.3.weight"], w["features.3.bias"]))
    y = F.max_pool2d(y, 2).reshape(3, 400)
    y = F.relu(y @ w["classifier.0.weight"].T + w["classifier.0.bias"])
    y = F.relu(y @ w["classifier.2.weight"].T + w["classifier.2.bias"])
    y = y @ w["classifier.4.weight"].T + w["classifier.4.bias"]
    torch.testing.assert_close(model(x), y)


def test_a_feature_sees_16_by_16_pixels():
    torch.manual_seed(0)
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    seen = torch.zeros(28, 28, dtype=torch.bool)
    for channel in range(16):  # max pooling passes one of four gradients on: gather many
        for _ in range(20):
            x = torch.rand(1, 1, 28, 28, requires_grad=True)
            LeNet().features(x)[0, channel, 2, 2].backward()
            seen |= x.grad[0, 0] != 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert (rows.min(), rows.max()) == (columns.min(), columns.max()) == (6, 21)


def test_learns_digits_and_a_broken_one_does_not(sets):
    train, test = sets
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    shuffled = ImageSet(train.images, train.labels[order], train.classes, "shuffled labels")

    def accuracy(pictures, linear=False):
        torch.manual_seed(0)
        model = LeNet()
        for part in (model.features, model.classifier) if linear else ():
            for number, layer in enumerate(part):
                if isinstance(layer, nn.ReLU):
                    part[number] = nn.Identity()
                if isinstance(layer, nn.MaxPool2d):
                    part[number] = nn.AvgPool2d(2)
        adam = torch.optim.Adam(model.parameters(), lr=0.002)
        history = fit(model, pictures, test, epochs=3, batch_size=32, optimizer=adam)
        return history.epochs[-1].validation_accuracy

    assert accuracy(train) > 0.935
    assert accuracy(train, linear=True) < 0.925
    assert accuracy(shuffled) < 0.2


def test_checkpoint_is_what_it_says(sets):
    with safe_open(checkpoint("lenet"), framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib.networks lenet --seed 0"
    assert facts["data"] == sets[0].source
    assert set(facts) == {"command", "cvlib", "data", "test_accuracy", "torch"}
    model = pretrained("lenet")
    assert evaluate(model, sets[1]).accuracy == float(facts["test_accuracy"]) >= 0.97
    assert not model.training


def test_each_call_loads_weights_of_its_own():
    first, second = pretrained("lenet"), pretrained("lenet")
    nn.init.zeros_(first.features[0].weight)
    assert second.features[0].weight.abs().sum() > 0


def test_a_network_without_weights_is_named():
    with pytest.raises(ValueError, match="name is 'resnet'; expected one of lenet"):
        pretrained("resnet")
