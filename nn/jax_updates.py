"""The updates of an epoch as functions that JAX compiles, and the devices that share them. See on_jax.py."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.arrays import shown
from .arguments import is_whole
from .optim import Optimizer


def updates_of(
    function: Callable[..., Any], optimizer: Optimizer, moving: dict[str, np.ndarray], *, first: bool, careful: bool,
    mean: bool, shares: Shares,
) -> Callable[..., Any]:  # fmt: skip
    """A function (params, memory, lr, xs, ys): an update for each batch; the `first` of all, which makes the memory, comes alone.

    It gives the parameters, the memory, the last gradient, and how many updates were made. Then, for each batch, the sum of the
    costs, the penalty, and the outputs. If it is `careful`, the updates made are those before the first with an inf or nan in
    it. To choose between old and new numbers in every update takes as long as the update itself; so otherwise only the end is
    looked at, since an inf or nan stays in the parameters, and the count is that of all updates, or 0.
    """
    import jax
    import jax.numpy as jnp

    def objective(params: Any, x: Any, y: Any) -> Any:
        costs, penalty, outputs = function(params, x, y)
        total = jnp.sum(costs)
        return total * (1.0 / len(x) if mean else 1.0) + penalty, (total, penalty, outputs)

    def moved(rule: Callable[..., Any], params: Any, gradient: Any, memory: Any) -> Any:
        """The rule on each array, and what it leaves in the memory."""
        after, kept = {}, {name: dict(memory[name]) for name in params}
        for name, p in params.items():
            new = jnp.broadcast_to(rule(p, gradient[name], kept[name]), p.shape)
            after[name] = jnp.where(moving[name], new, p) if name in moving else new
            # a sequence may not change what it carries: an entry keeps its shape and kind from the first update on
            kept[name] = {key: jnp.asarray(x) for key, x in kept[name].items()}
        return after, kept

    def clipped(gradient: Any) -> Any:
        if optimizer.clip is None:
            return gradient
        squares = [jnp.sum(jnp.where(moving[name], g, 0.0) ** 2 if name in moving else g**2) for name, g in gradient.items()]
        scale = optimizer.clip / jnp.maximum(jnp.sqrt(sum(squares)), optimizer.clip)
        return {name: g * scale for name, g in gradient.items()}

    def is_finite(*parts: Any) -> Any:
        return jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(parts)]).all()

    def update(params: Any, memory: Any, lr: Any, x: Any, y: Any) -> Any:
        (_, (total, penalty, outputs)), gradient = jax.value_and_grad(objective, has_aux=True)(params, x, y)
        working = copy.copy(optimizer)
        working.lr = lr
        after, kept = moved(working.rule, params, clipped(gradient), memory)
        # of parameters that do not move, only the gradient shows what happened
        looked_at = (total, penalty, gradient, after) if careful else [gradient[name] for name in moving]
        good = is_finite(looked_at) if careful or moving else jnp.asarray(True)
        return after, kept, gradient, good, (total, penalty, outputs)

    def alone(params: Any, memory: Any, lr: Any, xs: Any, ys: Any) -> Any:
        after, kept, gradient, good, found = update(params, memory, lr, xs[0], ys[0])
        if careful:
            after = jax.tree.map(lambda new, old: jnp.where(good, new, old), after, params)
        else:
            good = good & is_finite(after, found[:2])
        return (after, kept, gradient, good.astype(int), *[shares.gathered(a[None]) for a in found])

    def scan(params: Any, memory: Any, lr: Any, xs: Any, ys: Any) -> Any:
        def step(carried: Any, batch: Any) -> Any:
            params, memory, before, made, good = carried
            after, kept, gradient, fine, found = update(params, memory, lr, *batch)
            good = good & fine
            old = params, memory, before
            new = jax.tree.map(lambda a, b: a.astype(b.dtype), (after, kept, gradient), old)
            if careful:
                new = jax.tree.map(lambda a, b: jnp.where(good, a, b), new, old)
            return (*new, made + good, good), found

        start = params, memory, jax.tree.map(jnp.zeros_like, params), jnp.asarray(0), jnp.asarray(True)
        (params, memory, gradient, made, good), found = jax.lax.scan(step, start, (xs, ys))
        if not careful:
            made = jnp.where(good & is_finite(params, found[:2]), made, 0)
        return (params, memory, gradient, made, *map(shares.gathered, found))

    return alone if first else scan


class Shares:
    """Where arrays lie: on one device, or batches cut into shares for several devices."""

    def __init__(self, devices: Any, batch_size: int) -> None:
        import jax

        self.mesh = None
        if devices is None:
            return
        there = jax.devices()
        if is_whole(devices):
            if not 1 <= devices <= len(there):
                raise ValueError(f"devices = {devices}: JAX finds {len(there)} here, so give 1 to {len(there)}.")
            devices = there[:devices]
        chosen = list(devices) if isinstance(devices, (list, tuple)) else []
        if not chosen or not all(isinstance(device, jax.Device) for device in chosen):
            raise ValueError(
                f"devices takes a number, or a list of JAX's devices, such as jax.devices(); it was given {shown(devices)}."
            )
        if batch_size % len(chosen):
            raise ValueError(
                f"A batch of {batch_size} examples cannot be cut into {len(chosen)} equal shares: give a batch_size that is a "
                "multiple of the number of devices."
            )
        self.mesh = jax.sharding.Mesh(np.array(chosen), ("data",))

    def _placed(self, arrays: Any, *axes: str | None) -> Any:
        import jax

        if self.mesh is None:
            return jax.tree.map(jax.numpy.asarray, arrays)
        return jax.device_put(arrays, jax.sharding.NamedSharding(self.mesh, jax.sharding.PartitionSpec(*axes)))

    def whole(self, arrays: Any) -> Any:
        """Arrays that every device has."""
        return self._placed(arrays)

    def cut(self, batches: np.ndarray) -> Any:
        """(batches, n, ...): each device has its share of the n examples, if there are equal shares."""
        is_even = self.mesh is not None and batches.shape[1] % self.mesh.size == 0
        return self._placed(batches, None, "data") if is_even else self._placed(batches)

    def gathered(self, array: Any) -> Any:
        """Inside a compiled function: an array that every device shall have at the end."""
        import jax

        if self.mesh is None:
            return array
        return jax.lax.with_sharding_constraint(array, jax.sharding.NamedSharding(self.mesh, jax.sharding.PartitionSpec()))
