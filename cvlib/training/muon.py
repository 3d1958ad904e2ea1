"""Muon: momentum whose steps of weight matrices are made orthogonal.

Plain gradients of a layer mostly point along a few directions that many weights share. Muon takes
of each step the directions and forgets their sizes, so that rare directions are walked as far as
common ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

from cvlib.arguments import integer
from cvlib.training.optimizers import SGD, Group

__all__ = ["Muon", "muon_groups", "orthogonalize"]


def orthogonalize(matrix: Tensor, steps: int = 3) -> Tensor:
    """Bring the singular values of a matrix near 1 and leave its directions, by products alone.

    Parameters
    ----------
    matrix
        Of shape (M, N).
    steps
        How often the polynomial 3.4445 x - 4.7750 x³ + 2.0315 x⁵ is applied to every singular
        value at once. After five, those that were not tiny lie between about 0.7 and 1.2.

    Returns
    -------
    Tensor
        Of shape (M, N).

    Raises
    ------
    TypeError, ValueError
        If ``steps`` is no integer from 0 up, or ``matrix`` has not two dimensions.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024), for the
    polynomial; Björck and Bowie, "An iterative algorithm for computing the best estimate of an
    orthogonal matrix", SIAM Journal on Numerical Analysis 8 (1971), for the method.

    Examples
    --------
    >>> import torch
    >>> made = orthogonalize(torch.tensor([[3.0, 0.0], [0.0, -0.2]]), steps=5)
    >>> [round(value, 2) for value in made.diagonal().tolist()]
    [0.7, -1.13]
    """
    steps = integer("steps", steps)
    if matrix.ndim != 2:
        raise ValueError(f"matrix has shape {tuple(matrix.shape)}; expected two dimensions")
    x = matrix / (matrix.norm() + 1e-7)
    tall = len(x) > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x


class Muon(SGD):
    """SGD with Nesterov's momentum; in groups marked ``"orthogonal"`` each step is orthogonal.

    There, the weights of a layer are taken as a matrix with a row for each output. Its step is
    made orthogonal, and before it the matrix is scaled to a norm of the square root of its rows,
    which a normalization behind the layer makes up for.

    Parameters
    ----------
    params
        Groups of parameters, such as :func:`muon_groups` makes. One that is orthogonal holds
        tensors of two dimensions or more.
    lr, momentum
        As for :class:`~cvlib.training.optimizers.SGD`.

    Raises
    ------
    TypeError, ValueError
        As for :class:`~cvlib.training.optimizers.SGD`.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024); the norm of
    the weights as in Jordan's ``airbench94_muon.py``.

    Examples
    --------
    >>> import torch
    >>> weight = torch.eye(2).requires_grad_()
    >>> optimizer = Muon([{"params": [weight], "orthogonal": True}], lr=0.5)
    >>> weight.grad = torch.tensor([[0.0, 0.001], [0.0, 0.0]])
    >>> optimizer.step()
    >>> weight[0, 1].item() < -0.3  # as far as for a gradient a thousand times as large
    True
    """

    def __init__(
        self, params: Iterable[Group] | Iterable[Tensor], lr: float = 0.1, momentum: float = 0.8
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, nesterov=True)

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        if not group.get("orthogonal"):
            super().update(parameter, gradient, group)
            return
        velocity = self.memory(parameter, "momentum_buffer")
        velocity.mul_(group["momentum"]).add_(gradient)
        gradient = gradient + group["momentum"] * velocity
        parameter *= len(parameter) ** 0.5 / (parameter.norm() + 1e-7)
        parameter -= group["lr"] * orthogonalize(gradient.flatten(1)).view_as(parameter)


def muon_groups(parameters: Iterable[nn.Parameter], lr: float, **others: Group) -> list[Group]:
    """Sort parameters for :class:`Muon`: kernels get orthogonal steps, matrices and biases not.

    Parameters
    ----------
    parameters
        Those of a network; frozen ones are left out.
    lr
        The learning rate of kernels, tensors of three dimensions or more.
    others
        Arguments of the groups ``matrices``, of two dimensions, and ``vectors``, of fewer.

    Returns
    -------
    list of dict
        Three groups; those without a parameter are left out.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 10))
    >>> groups = muon_groups(model.parameters(), lr=0.1, vectors={"lr": 2.0})
    >>> [(len(group["params"]), group.get("lr")) for group in groups]
    [(1, 0.1), (1, None), (2, 2.0)]
    """
    moving = [parameter for parameter in parameters if parameter.requires_grad]
    kernels = {"params": [p for p in moving if p.ndim > 2], "lr": lr, "orthogonal": True}
    matrices = {"params": [p for p in moving if p.ndim == 2], **others.get("matrices", {})}
    vectors = {"params": [p for p in moving if p.ndim < 2], **others.get("vectors", {})}
    return [group for group in (kernels, matrices, vectors) if group["params"]]
