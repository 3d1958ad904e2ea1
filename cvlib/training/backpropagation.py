"""Backpropagation in the open: a graph of what was computed, and the gradient on its way back.

It is what autograd does, small enough to read. A :class:`Node` knows its value, the nodes it was
made of, and how to send a gradient back to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cvlib.arguments import check_tensors
from cvlib.training import losses

__all__ = ["Node", "add", "backward", "cross_entropy", "linear", "numerical_gradient", "relu"]


@dataclass(eq=False)
class Node:
    """A value in a graph of computations.

    Parameters
    ----------
    value
        What was computed, or given.
    name
        What it is called in a drawing.
    inputs
        The nodes it was made of; none if it was given.
    send_back
        From the loss's derivative with respect to this value, those with respect to the inputs, in
        their order: the chain rule for one step.
    gradient
        The loss's derivative with respect to the value. :func:`backward` fills it in.

    Examples
    --------
    >>> x, weight = Node(torch.tensor([3.0, 1.0])), Node(torch.tensor([[2.0, 0.0]]))
    >>> y = linear(x, weight, Node(torch.zeros(1)))
    >>> backward(y)
    >>> y.value, x.gradient, weight.gradient
    (tensor([6.]), tensor([2., 0.]), tensor([[3., 1.]]))
    """

    value: Tensor
    name: str = ""
    inputs: tuple[Node, ...] = ()
    send_back: Callable[[Tensor], tuple[Tensor, ...]] | None = None
    gradient: Tensor = field(init=False)

    def __post_init__(self) -> None:
        check_tensors(value=self.value)
        self.gradient = torch.zeros_like(self.value)

    def graph(self) -> list[Node]:
        """List the node and all that it was made of, inputs first.

        Returns
        -------
        list of Node
            Each node once, behind its inputs.
        """
        order: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node not in order:
                for source in node.inputs:
                    visit(source)
                order[node] = None

        visit(self)
        return list(order)


def backward(loss: Node) -> None:
    """Fill in the gradient of every node that the loss was made of.

    Parameters
    ----------
    loss
        A node of a single number.

    Raises
    ------
    ValueError
        If its value has more than one number.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).

    Examples
    --------
    >>> x = Node(torch.tensor(3.0))
    >>> backward(add(x, x))  # the gradient comes back on two ways, and adds up
    >>> x.gradient
    tensor(2.)
    """
    if loss.value.numel() != 1:
        raise ValueError(f"loss has shape {tuple(loss.value.shape)}; expected a single number")
    graph = loss.graph()
    for node in graph:
        node.gradient = torch.zeros_like(node.value)
    loss.gradient = torch.ones_like(loss.value)
    for node in reversed(graph):
        if node.send_back is not None:
            for source, gradient in zip(node.inputs, node.send_back(node.gradient), strict=True):
                source.gradient = source.gradient + gradient


def add(x: Node, y: Node, name: str = "") -> Node:
    """Add two values of one shape; each gets the whole gradient.

    Parameters
    ----------
    x, y
        Nodes of one shape.
    name
        The sum's name.

    Returns
    -------
    Node
        The sum.

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> add(Node(torch.tensor(1.0)), Node(torch.tensor(2.0))).value
    tensor(3.)
    """
    if x.value.shape != y.value.shape:
        shapes = tuple(y.value.shape), tuple(x.value.shape)
        raise ValueError("y has shape {}; expected {}, as x has".format(*shapes))
    return Node(x.value + y.value, name, (x, y), lambda gradient: (gradient, gradient))


def linear(x: Node, weight: Node, bias: Node, name: str = "") -> Node:
    """Multiply by a matrix and add a bias, as a fully connected layer does.

    Parameters
    ----------
    x
        ``(I,)`` or a batch ``(N, I)``.
    weight, bias
        ``(O, I)`` and ``(O,)``.
    name
        The result's name.

    Returns
    -------
    Node
        ``(O,)`` or ``(N, O)``.

    Examples
    --------
    >>> x, weight = Node(torch.tensor([3.0, 1.0])), Node(torch.tensor([[2.0, 0.0]]))
    >>> linear(x, weight, Node(torch.ones(1))).value
    tensor([7.])
    """

    def send_back(gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows, inputs = torch.atleast_2d(gradient), torch.atleast_2d(x.value)
        return gradient @ weight.value, rows.T @ inputs, rows.sum(0)

    return Node(x.value @ weight.value.T + bias.value, name, (x, weight, bias), send_back)


def relu(x: Node, name: str = "") -> Node:
    """Keep what is positive; only there does the gradient pass.

    Parameters
    ----------
    x
        A node of any shape.
    name
        The result's name.

    Returns
    -------
    Node
        As ``x``.

    Examples
    --------
    >>> relu(Node(torch.tensor([-1.0, 2.0]))).value
    tensor([0., 2.])
    """
    return Node(x.value.clamp(min=0), name, (x,), lambda gradient: (gradient * (x.value > 0),))


def cross_entropy(logits: Node, target: Tensor, name: str = "loss") -> Node:
    """Compare logits with labels; back goes what softmax says, less what is true.

    Parameters
    ----------
    logits
        ``(C,)`` or a batch ``(N, C)``.
    target
        A label ``()`` or a batch ``(N,)`` of them, ``int64``.
    name
        The loss's name.

    Returns
    -------
    Node
        A single number, the mean over the batch.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.losses.cross_entropy`.

    Examples
    --------
    >>> logits = Node(torch.zeros(4))
    >>> backward(cross_entropy(logits, torch.tensor(1)))
    >>> logits.gradient
    tensor([ 0.2500, -0.7500,  0.2500,  0.2500])
    """
    loss = losses.cross_entropy(logits.value, target)

    def send_back(gradient: Tensor) -> tuple[Tensor]:
        p = losses.log_softmax(logits.value, -1).exp()
        truth = torch.nn.functional.one_hot(target, p.shape[-1])
        return (gradient * (p - truth) / target.numel(),)

    return Node(loss, name, (logits,), send_back)


def numerical_gradient(
    function: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-6
) -> Tensor:
    """Estimate a gradient by differences: move each number a little up, a little down.

    The error is of the order of ``step`` squared, as long as rounding, of the order of the
    precision divided by ``step``, is smaller: take ``float64``.

    Parameters
    ----------
    function
        From a tensor like ``x`` to a single number.
    x
        Where the gradient is wanted; left as it is.
    step
        How far each number is moved.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of ``float64``.

    Examples
    --------
    >>> x = torch.tensor([1.0, 3.0], dtype=torch.float64)
    >>> numerical_gradient(lambda x: x.square().sum(), x)
    tensor([2.0000, 6.0000], dtype=torch.float64)
    """
    check_tensors(x=x)
    if x.dtype != torch.float64:
        raise TypeError(f"x is {x.dtype}; expected torch.float64, as float32 rounds too much")
    moves = step * torch.eye(x.numel(), dtype=x.dtype, device=x.device).view(-1, *x.shape)
    with torch.no_grad():
        slopes = [(function(x + move) - function(x - move)) / (2 * step) for move in moves]
    return torch.stack(slopes).view_as(x)
