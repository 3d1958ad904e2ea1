"""The graph that can be read gives autograd's gradients, and those of differences."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cvlib.training import backpropagation
from cvlib.training.backpropagation import Node, add, backward, linear, numerical_gradient, relu
from tests.layers.drawn import DEVICE, normal


def two_layers(x: Node, target: Tensor, *parameters: Node) -> Node:
    hidden = relu(linear(x, *parameters[:2]))
    return backpropagation.cross_entropy(linear(hidden, *parameters[2:]), target)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.none() | st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_two_layers_send_back_what_autograd_does(
    number: int | None, inputs: int, hidden: int, classes: int
) -> None:
    batch = () if number is None else (number,)
    shapes = [(*batch, inputs), (hidden, inputs), (hidden,), (classes, hidden), (classes,)]
    values = [normal(*shape) for shape in shapes]
    target = (normal(*batch, 9).abs().sum(-1) * 7).long() % classes

    nodes = [Node(value) for value in values]
    loss = two_layers(nodes[0], target, *nodes[1:])
    backward(loss)

    leaves = [value.clone().requires_grad_() for value in values]
    x, weight, bias, weights, biases = leaves
    reference = F.cross_entropy(F.linear(F.linear(x, weight, bias).relu(), weights, biases), target)
    torch.testing.assert_close(loss.value, reference)
    for node, expected in zip(nodes, torch.autograd.grad(reference, leaves), strict=True):
        torch.testing.assert_close(node.gradient, expected)
    for place, node in enumerate(nodes):

        def moved(value: Tensor, place: int = place) -> Tensor:
            changed = [value if i == place else given for i, given in enumerate(values)]
            return two_layers(*[Node(changed[0])], target, *map(Node, changed[1:])).value

        by_differences = numerical_gradient(moved, node.value)
        torch.testing.assert_close(node.gradient, by_differences, rtol=1e-5, atol=1e-7)


def test_a_value_used_twice_gets_the_sum() -> None:
    value, weight = normal(2, 3), normal(3, 3)
    x, matrix, bias = Node(value), Node(weight), Node(normal(3))
    loss = backpropagation.cross_entropy(
        add(x, linear(relu(x), matrix, bias)), torch.tensor([0, 2], device=DEVICE)
    )
    backward(loss)
    backward(loss)  # a second time gives the same: gradients begin at 0
    leaf = value.clone().requires_grad_()
    reference = F.cross_entropy(
        leaf + F.linear(leaf.relu(), weight, bias.value), torch.tensor([0, 2], device=DEVICE)
    )
    torch.testing.assert_close(x.gradient, torch.autograd.grad(reference, leaf)[0])


def test_the_graph_lists_each_node_once_behind_its_inputs() -> None:
    x = Node(torch.tensor(1.0), "x")
    node = x
    for _ in range(40):  # 2 ** 40 ways
        node = add(node, node)
    graph = node.graph()
    assert len(graph) == 41
    assert graph[0] is x
    assert all(graph.index(source) < i for i, each in enumerate(graph) for source in each.inputs)
    backward(node)
    assert x.gradient.item() == 2**40


def test_differences_leave_their_point_alone() -> None:
    x = normal(2, 3)
    before = x.clone()
    gradient = numerical_gradient(lambda x: x.sin().sum(), x)
    torch.testing.assert_close(gradient, x.cos())
    assert torch.equal(x, before)
    assert not gradient.requires_grad


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="value is a float; expected a tensor"):
        Node(1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"loss has shape \(2,\); expected a single number"):
        backward(Node(torch.zeros(2)))
    with pytest.raises(ValueError, match=r"y has shape \(2,\); expected \(\), as x has"):
        add(Node(torch.zeros(())), Node(torch.zeros(2)))
    with pytest.raises(TypeError, match=r"x is torch\.float32; expected torch\.float64"):
        numerical_gradient(torch.sum, torch.zeros(2))
    with pytest.raises(ValueError, match="the label 5"):
        backpropagation.cross_entropy(Node(torch.zeros(2)), torch.tensor(5))


def test_no_gradient_passes_where_relu_begins() -> None:
    """At 0 there is no derivative; torch takes 0, and so does the function of the layers."""
    values = torch.tensor([-1.0, 0.0, 2.0])
    x, leaf = Node(values), values.clone().requires_grad_()
    y = relu(x)
    assert y.send_back is not None
    assert y.send_back(torch.ones(3))[0].tolist() == [0, 0, 1]
    F.relu(leaf).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [0, 0, 1]
