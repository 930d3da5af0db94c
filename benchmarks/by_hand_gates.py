"""LSTM and GRU in NumPy by hand, in the manner of by_hand.py: each step is forward, backward through time, update.

Arrays are (steps, units, examples), so that a gate is one block of memory. The states are (h[t-1], x[t], 1): a single
product gives the sums of a step, biases included. Slopes are computed for all steps before the loop that goes backward, and the
gradients of the parameters after it, so that the loops keep what needs the step before or after. The calls are
short here, therefore `out` is the last argument without its name, and a constant is an array: both save a tenth of a call.
"""

import numpy as np
from by_hand import Arrays

ONE = np.array(1.0)


class Cells:
    """What both have: the parameters W, U, b, b' of all gates, as PyTorch has them, the states, and what the gradient needs."""

    def __init__(self, gates, steps, inputs, hidden, n, seed=0):
        self.n, self.hidden = n, hidden
        rows = gates * hidden
        self.parameters = Arrays([(rows, inputs), (rows, hidden), (rows,), (rows,)])
        vector = self.parameters.vector
        vector[...] = np.random.default_rng(seed).uniform(-1, 1, len(vector)) / np.sqrt(hidden)
        self.states = np.ones((steps + 1, hidden + inputs + 1, n))
        self.h, self.x = self.states[:, :hidden], self.states[:-1, hidden:-1]
        self.h[0] = 0.0
        self.matrix = np.empty((rows, hidden + inputs + 1))  # times a state: the sums of a step
        self.deltas = np.empty((steps, rows, n))  # derivatives with respect to the sums
        self.xs, self.hs = np.empty((steps, n, inputs)), np.empty((steps, n, hidden))  # one row for each step and example
        self.ones = np.ones(steps * n)

    def error(self, y, out):
        """The cost, mean of 1/2 sum (h[T] - y)^2, and its derivative with respect to h[T] in `out`."""
        np.subtract(self.h[-1], y.T, out)
        flat = out.ravel()
        cost = 0.5 * np.dot(flat, flat) / self.n
        np.multiply(out, 1 / self.n, out)
        return cost

    def rows_of(self, x):
        """x and h[t-1] with one row for each step and example, for the gradients of W and U."""
        np.copyto(self.xs, x.swapaxes(0, 1))
        np.copyto(self.hs, self.h[:-1].swapaxes(1, 2))
        return self.xs.reshape(-1, self.xs.shape[2]), self.hs.reshape(-1, self.hidden)


class LSTM(Cells):
    """i, f, o = σ(..), g = tanh(..), c[t] = f c[t-1] + i g, h[t] = o tanh(c[t]). The rows are i, f, o, g: the sigmoids adjoin."""

    def __init__(self, steps, inputs, hidden, n, seed=0):
        super().__init__(4, steps, inputs, hidden, n, seed)
        shape = steps, hidden, n
        self.gates, self.slopes = (np.empty((steps, 4, hidden, n)) for _ in range(2))
        self.terms = np.empty((steps, 2, hidden, n))  # of c: i g and f c[t-1]
        self.c, self.tanh_c, self.slope_c, self.product = np.zeros((steps + 1, hidden, n)), *(np.empty(shape) for _ in range(3))
        self.dh, self.dc, self.term = (np.empty((hidden, n)) for _ in range(3))
        self.flat = np.empty((4 * hidden, steps, n))
        gates, blocks = self.gates, self.deltas.reshape(self.gates.shape)
        self.forward = list(zip(self.states, gates.reshape(steps, -1, n), gates[:, :3], *(gates[:, k] for k in range(4)),
                                self.terms[:, 0], self.terms[:, 1], self.c, self.c[1:], self.tanh_c, self.h[1:]))  # fmt: skip
        self.backward = list(zip(self.deltas, *(blocks[:, k] for k in range(4)), *(self.slopes[:, k] for k in range(4)),
                                 self.slope_c, gates[:, 1]))[::-1]  # fmt: skip

    def named(self, arrays):
        """The parameters or gradients by their names in works.py, the rows in PyTorch's order: i, f, g, o."""
        order = [np.r_[: 2 * self.hidden, 3 * self.hidden : 4 * self.hidden, 2 * self.hidden : 3 * self.hidden]]
        return {name: array[tuple(order)] for name, array in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), arrays)}

    def step(self, x, y, rate):
        """One update on the batch x (n, steps, inputs), y (n, hidden); returns its mean cost before the update."""
        W, U, b, b2 = self.parameters.arrays
        dW, dU, db, db2 = self.parameters.gradients
        matrix, dh, dc, term, hidden, UT = self.matrix, self.dh, self.dc, self.term, self.hidden, U.T
        np.copyto(self.x, x.transpose(1, 2, 0))
        np.copyto(matrix[:, :hidden], U)
        np.copyto(matrix[:, hidden:-1], W)
        np.add(b, b2, matrix[:, -1])
        np.negative(matrix[: 3 * hidden], matrix[: 3 * hidden])  # σ(z) = 1 / (1 + exp(-z))
        for state, gates, sigmoids, i, f, o, g, ig, fc, c, c_next, tanh_c, h in self.forward:
            np.dot(matrix, state, gates)
            np.exp(sigmoids, sigmoids)
            np.add(sigmoids, ONE, sigmoids)
            np.divide(ONE, sigmoids, sigmoids)
            np.tanh(g, g)
            np.multiply(i, g, ig)
            np.multiply(f, c, fc)
            np.add(ig, fc, c_next)
            np.tanh(c_next, tanh_c)
            np.multiply(o, tanh_c, h)
        self.differentiate()
        cost = self.error(y, dh)
        dc.fill(0.0)
        for delta, delta_i, delta_f, delta_o, delta_g, slope_i, slope_f, slope_o, slope_g, slope_c, f in self.backward:
            np.multiply(dh, slope_c, term)
            np.add(dc, term, dc)
            np.multiply(dc, slope_i, delta_i)
            np.multiply(dc, slope_f, delta_f)
            np.multiply(dh, slope_o, delta_o)
            np.multiply(dc, slope_g, delta_g)
            np.multiply(dc, f, dc)
            np.dot(UT, delta, dh)
        np.copyto(self.flat, self.deltas.swapaxes(0, 1))
        flat = self.flat.reshape(4 * hidden, -1)
        xs, hs = self.rows_of(x)
        np.dot(flat, xs, dW)
        np.dot(flat, hs, dU)
        np.dot(flat, self.ones, db)
        np.copyto(db2, db)
        self.parameters.descend(rate)
        return cost

    def differentiate(self):
        """What dc is multiplied by for i, f and g, dh for o and for c, at all steps; p' = p - p s where p' = p (1 - s)."""
        gates, slopes, product, h = self.gates, self.slopes, self.product, self.h[1:]
        np.multiply(self.terms, gates[:, :2], slopes[:, :2])
        np.subtract(self.terms, slopes[:, :2], slopes[:, :2])  # i g (1 - i), f c[t-1] (1 - f)
        np.multiply(h, gates[:, 2], product)
        np.subtract(h, product, slopes[:, 2])  # o tanh(c) (1 - o)
        np.multiply(self.terms[:, 0], gates[:, 3], product)
        np.subtract(gates[:, 0], product, slopes[:, 3])  # i (1 - g²)
        np.multiply(h, self.tanh_c, product)
        np.subtract(gates[:, 2], product, self.slope_c)  # o (1 - tanh(c)²)


class GRU(Cells):
    """r, z = σ(..), n = tanh(Wn x + bn + r (Un h + bn')), h[t] = (1 - z) n + z h[t-1], computed as n + z (h[t-1] - n).

    The rows of W and b are r, z, n, those of U and b' are n, r, z: with derivatives in the order past, r, z, n, where
    past = Un h + bn', one product gives the whole gradient of W, and one that of U.
    """

    def __init__(self, steps, inputs, hidden, n, seed=0):
        super().__init__(3, steps, inputs, hidden, n, seed)
        shape = steps, hidden, n
        self.sums, self.slopes = (np.empty((steps, 3, hidden, n)) for _ in range(2))  # past, r, z
        self.matrix[:hidden] = 0.0
        self.new_matrix = np.empty((hidden, inputs + 1))
        self.from_x, self.r_past, self.new, self.change, self.slope, self.dh, self.product = (np.empty(shape) for _ in range(7))
        self.past_start = np.empty((hidden, n))  # what goes on to h[t-1] by z
        self.flat, self.totals = np.empty((4 * hidden, steps, n)), np.empty(4 * hidden)
        sums, blocks = self.sums, self.deltas.reshape(self.sums.shape)
        self.forward = list(zip(self.states, sums.reshape(steps, -1, n), sums[:, 1:], *(sums[:, k] for k in range(3)),
                                self.from_x, self.r_past, self.new, self.change, self.h, self.h[1:]))  # fmt: skip
        self.backward = list(zip(self.deltas, *(blocks[:, k] for k in range(3)), *(self.slopes[:, k] for k in range(3)),
                                 sums[:, 2], self.dh, [self.past_start, *self.dh]))[::-1]  # fmt: skip

    def named(self, arrays):
        """The parameters or gradients by their names in works.py, the rows in PyTorch's order: r, z, n."""
        W, U, b, b2 = arrays
        return {"weight_ih": W, "weight_hh": np.roll(U, -self.hidden, 0), "bias_ih": b, "bias_hh": np.roll(b2, -self.hidden)}

    def step(self, x, y, rate):
        """One update on the batch x (n, steps, inputs), y (n, hidden); returns its mean cost before the update."""
        W, U, b, b2 = self.parameters.arrays
        dW, dU, db, db2 = self.parameters.gradients
        matrix, new_matrix, hidden, UT = self.matrix, self.new_matrix, self.hidden, U.T
        np.copyto(self.x, x.transpose(1, 2, 0))
        np.copyto(matrix[:hidden, :hidden], U[:hidden])
        np.copyto(matrix[:hidden, -1], b2[:hidden])
        np.negative(U[hidden:], matrix[hidden:, :hidden])  # σ(z) = 1 / (1 + exp(-z))
        np.negative(W[:-hidden], matrix[hidden:, hidden:-1])
        np.add(b[:-hidden], b2[hidden:], matrix[hidden:, -1])
        np.negative(matrix[hidden:, -1], matrix[hidden:, -1])
        np.copyto(new_matrix[:, :-1], W[-hidden:])
        np.copyto(new_matrix[:, -1], b[-hidden:])
        np.matmul(new_matrix, self.states[:-1, hidden:], self.from_x)
        for state, sums, gates, past, r, z, from_x, r_past, new, change, h, h_next in self.forward:
            np.dot(matrix, state, sums)
            np.exp(gates, gates)
            np.add(gates, ONE, gates)
            np.divide(ONE, gates, gates)
            np.multiply(r, past, r_past)
            np.add(from_x, r_past, new)
            np.tanh(new, new)
            np.subtract(h, new, change)
            np.multiply(z, change, change)
            np.add(new, change, h_next)
        self.differentiate()
        cost = self.error(y, self.dh[-1])
        term = self.product[0]
        for delta, delta_past, delta_r, delta_z, slope_past, slope_r, slope_z, z, dh, dh_before in self.backward:
            np.multiply(dh, slope_past, delta_past)
            np.multiply(dh, slope_r, delta_r)
            np.multiply(dh, slope_z, delta_z)
            np.multiply(dh, z, term)
            np.dot(UT, delta, dh_before)
            np.add(dh_before, term, dh_before)
        np.copyto(self.flat[: 3 * hidden], self.deltas.swapaxes(0, 1))
        np.multiply(self.dh.swapaxes(0, 1), self.slope.swapaxes(0, 1), self.flat[3 * hidden :])
        flat, totals = self.flat.reshape(4 * hidden, -1), self.totals
        xs, hs = self.rows_of(x)
        np.dot(flat[hidden:], xs, dW)
        np.dot(flat[: 3 * hidden], hs, dU)
        np.dot(flat, self.ones, totals)
        np.copyto(db, totals[hidden:])
        np.copyto(db2, totals[: 3 * hidden])
        self.parameters.descend(rate)
        return cost

    def differentiate(self):
        """What dh is multiplied by, at all steps, for what stands in tanh (slope), for past, r and z (slopes)."""
        past, r, z = (self.slopes[:, k] for k in range(3))
        gate_r, gate_z = self.sums[:, 1], self.sums[:, 2]
        np.multiply(self.change, gate_z, z)
        np.subtract(self.change, z, z)  # (h[t-1] - n) z (1 - z)
        np.multiply(self.new, self.new, self.slope)
        np.subtract(ONE, self.slope, self.slope)
        np.subtract(ONE, gate_z, self.product)
        np.multiply(self.slope, self.product, self.slope)  # (1 - z) (1 - n²)
        np.multiply(self.slope, gate_r, past)
        np.multiply(self.r_past, gate_r, self.product)
        np.subtract(self.r_past, self.product, self.product)
        np.multiply(self.product, self.slope, r)  # slope · past r (1 - r)
