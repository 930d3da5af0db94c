"""The training steps of benchmarks/compiled.py, written in NumPy by hand: the mark that a compiled program is held to.

What an expert would do who knows the network: every buffer is made once, results are written in place, the parameters
lie in one vector so that the update is two calls, the sums over a batch are products with a vector of ones (BLAS is
quicker than a reduction), and nothing is computed twice. Arrays are (examples, units), weights (out, in).
"""

import itertools

import numpy as np


class Arrays:
    """Arrays of these shapes as views of one vector, and their gradients as views of another."""

    def __init__(self, shapes, dtype=np.float64):
        total = sum(int(np.prod(shape)) for shape in shapes)
        self.vector, self.gradient, self.change = (np.zeros(total, dtype) for _ in range(3))
        self.arrays, self.gradients, start = [], [], 0
        for shape in shapes:
            end = start + int(np.prod(shape))
            self.arrays.append(self.vector[start:end].reshape(shape))
            self.gradients.append(self.gradient[start:end].reshape(shape))
            start = end

    def descend(self, rate):
        """p <- p - rate * g, for all parameters at once."""
        np.multiply(self.gradient, rate, out=self.change)
        np.subtract(self.vector, self.change, out=self.vector)


class Parameters(Arrays):
    """Weights and biases of layers: weights are drawn, biases start at 0."""

    def __init__(self, sizes, dtype=np.float64, seed=0):
        super().__init__([shape for a, b in itertools.pairwise(sizes) for shape in ((b, a), (b,))], dtype)
        draw = np.random.default_rng(seed)
        for array in self.arrays[::2]:
            array[...] = draw.normal(0, 1 / np.sqrt(array.shape[1]), array.shape)


class Digits:
    """inputs-hidden-outputs, sigmoid units, quadratic cost 1/2 sum (a - y)^2, the mean over the batch."""

    def __init__(self, sizes, n, dtype=np.float64, seed=0):
        self.parameters = Parameters(sizes, dtype, seed)
        _, hidden, outputs = sizes
        self.a1, self.delta1, self.slope1 = (np.empty((n, hidden), dtype) for _ in range(3))
        self.a2, self.delta2, self.slope2 = (np.empty((n, outputs), dtype) for _ in range(3))
        self.ones = np.ones(n, dtype)
        self.n = n

    def step(self, x, y, rate):
        """One update on the batch x (n, inputs), y (n, outputs); returns its mean cost before the update."""
        W1, b1, W2, b2 = self.parameters.arrays
        dW1, db1, dW2, db2 = self.parameters.gradients
        a1, a2, delta1, delta2, slope1, slope2 = self.a1, self.a2, self.delta1, self.delta2, self.slope1, self.slope2
        for a, W, b, out in ((x, W1, b1, a1), (a1, W2, b2, a2)):
            np.dot(a, W.T, out=out)
            np.add(out, b, out=out)
            np.negative(out, out=out)
            np.exp(out, out=out)
            np.add(out, 1.0, out=out)
            np.divide(1.0, out, out=out)
        np.subtract(a2, y, out=delta2)
        flat = delta2.ravel()
        cost = 0.5 * np.dot(flat, flat) / self.n
        np.subtract(1.0, a2, out=slope2)
        np.multiply(slope2, a2, out=slope2)
        np.multiply(slope2, 1.0 / self.n, out=slope2)
        np.multiply(delta2, slope2, out=delta2)
        np.dot(delta2.T, a1, out=dW2)
        np.dot(self.ones, delta2, out=db2)
        np.dot(delta2, W2, out=delta1)
        np.subtract(1.0, a1, out=slope1)
        np.multiply(slope1, a1, out=slope1)
        np.multiply(delta1, slope1, out=delta1)
        np.dot(delta1.T, x, out=dW1)
        np.dot(self.ones, delta1, out=db1)
        self.parameters.descend(rate)
        return cost


class Moons:
    """2-16-16-1 with ReLU and a linear output; mean hinge loss and alpha * sum of the squares of all parameters."""

    def __init__(self, sizes, n, alpha=1e-4, dtype=np.float64, seed=0):
        self.parameters = Parameters(sizes, dtype, seed)
        _, one, two, _ = sizes
        self.z1, self.a1, self.delta1, self.mask1 = (np.empty((n, one), dtype) for _ in range(4))
        self.z2, self.a2, self.delta2, self.mask2 = (np.empty((n, two), dtype) for _ in range(4))
        self.z3, self.loss, self.delta3 = (np.empty((n, 1), dtype) for _ in range(3))
        self.ones = np.ones(n, dtype)
        self.n, self.alpha = n, alpha

    def step(self, x, y, rate):
        """One update on the batch x (n, 2), y (n, 1) of -1 and 1; returns its cost before the update."""
        p = self.parameters
        W1, b1, W2, b2, W3, b3 = p.arrays
        dW1, db1, dW2, db2, dW3, db3 = p.gradients
        z1, a1, z2, a2, z3, loss = self.z1, self.a1, self.z2, self.a2, self.z3, self.loss
        delta1, delta2, delta3, mask1, mask2 = self.delta1, self.delta2, self.delta3, self.mask1, self.mask2
        np.dot(x, W1.T, out=z1)
        np.add(z1, b1, out=z1)
        np.maximum(z1, 0.0, out=a1)
        np.dot(a1, W2.T, out=z2)
        np.add(z2, b2, out=z2)
        np.maximum(z2, 0.0, out=a2)
        np.dot(a2, W3.T, out=z3)
        np.add(z3, b3, out=z3)
        np.multiply(y, z3, out=loss)
        np.subtract(1.0, loss, out=loss)
        np.maximum(loss, 0.0, out=loss)
        cost = np.dot(self.ones, loss)[0] / self.n + self.alpha * np.dot(p.vector, p.vector)
        np.greater(loss, 0.0, out=delta3)
        np.multiply(delta3, y, out=delta3)
        np.multiply(delta3, -1.0 / self.n, out=delta3)
        np.dot(delta3.T, a2, out=dW3)
        np.dot(self.ones, delta3, out=db3)
        np.dot(delta3, W3, out=delta2)
        np.greater(z2, 0.0, out=mask2)
        np.multiply(delta2, mask2, out=delta2)
        np.dot(delta2.T, a1, out=dW2)
        np.dot(self.ones, delta2, out=db2)
        np.dot(delta2, W2, out=delta1)
        np.greater(z1, 0.0, out=mask1)
        np.multiply(delta1, mask1, out=delta1)
        np.dot(delta1.T, x, out=dW1)
        np.dot(self.ones, delta1, out=db1)
        np.multiply(p.vector, 2 * self.alpha, out=p.change)
        np.add(p.gradient, p.change, out=p.gradient)
        p.descend(rate)
        return cost


class RBF:
    """b + Σ_i w_i exp(-‖x - c_i‖² / 2s_i²) for two inputs, cost 1/2 (output - y)^2, the mean over the batch.

    Arrays are (units, examples). The distances come from differences: one product of (‖x‖², x, 1) with coefficients would be
    quicker, but loses digits in ‖x‖² - 2x·c + ‖c‖² where a unit is narrow.
    """

    def __init__(self, inputs, units, n, seed=0):
        self.parameters = Arrays([(inputs, units), (units,), (units,), (1,)])
        draw = np.random.default_rng(seed)
        centres, widths, weights, _ = self.parameters.arrays
        centres[...], widths[...], weights[...] = draw.random(centres.shape), 0.3, draw.normal(0, 0.3, units)
        self.x = np.empty((inputs, 1, n))
        self.difference, self.squares = (np.empty((inputs, units, n)) for _ in range(2))
        self.distance, self.phi, self.error = (np.empty((units, n)) for _ in range(3))
        self.factor, self.share, self.sums, self.delta = np.empty((units, 1)), np.empty(units), np.empty(units), np.empty(n)
        self.column = self.factor[:, 0]
        self.ones, self.n = np.ones(n), n

    def named(self, arrays):
        """The parameters or gradients by their names in works.py."""
        return {"centres": arrays[0].T, "widths": arrays[1], "weights": arrays[2], "bias": arrays[3]}

    def step(self, x, y, rate):
        """One update on the batch x (n, inputs), y (n,); returns its mean cost before the update."""
        centres, widths, weights, bias = self.parameters.arrays
        dcentres, dwidths, dweights, dbias = self.parameters.gradients
        difference, squares, distance, phi, error = self.difference, self.squares, self.distance, self.phi, self.error
        column, share, delta, sums = self.column, self.share, self.delta, self.sums
        np.copyto(self.x[:, 0], x.T)
        np.subtract(self.x, centres[:, :, None], difference)
        np.multiply(difference, difference, squares)
        np.add(squares[0], squares[1], distance)
        np.multiply(widths, widths, share)
        np.divide(-0.5, share, column)
        np.multiply(distance, self.factor, phi)
        np.exp(phi, phi)
        np.dot(weights, phi, delta)
        np.add(delta, bias, delta)
        np.subtract(delta, y, delta)
        cost = 0.5 * np.dot(delta, delta) / self.n
        np.multiply(delta, 1 / self.n, delta)
        dbias[0] = np.dot(self.ones, delta)
        np.dot(phi, delta, dweights)
        np.multiply(phi, delta, error)
        np.divide(weights, share, share)  # ∂C/∂c = w/s² Σ error (x - c), and ∂C/∂s = w/s³ Σ error ‖x - c‖²
        np.vecdot(error, difference, dcentres)
        np.multiply(dcentres, share, dcentres)
        np.vecdot(error, distance, sums)
        np.divide(share, widths, share)
        np.multiply(sums, share, dwidths)
        self.parameters.descend(rate)
        return cost


class Floor:
    """The matrix products of a Digits step and nothing else: no program that uses these products can be faster."""

    def __init__(self, sizes, n, dtype=np.float64, seed=0):
        self.digits = Digits(sizes, n, dtype, seed)

    def step(self, x, y, rate):
        """The two products forward and the three backward."""
        d = self.digits
        W1, _, W2, _ = d.parameters.arrays
        dW1, _, dW2, _ = d.parameters.gradients
        np.dot(x, W1.T, out=d.a1)
        np.dot(d.a1, W2.T, out=d.a2)
        np.dot(d.a2.T, d.a1, out=dW2)
        np.dot(d.a2, W2, out=d.delta1)
        np.dot(d.delta1.T, x, out=dW1)
