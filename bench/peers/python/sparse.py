"""Peers of the sparse operators: a textbook top-k in compiled scalar code (numba), and optimal transport evaluated by POT in numpy.

Each line of the input is a task; the answer is the seconds that it took, and a few numbers to compare. Everything is on one thread.
  topk ROWS N K LAMBDA FILE     mask and its gradient of the float32 rows in FILE, x then dy: full sort, PAV in two passes
  partition N K FILE            numpy's partition of the float32 numbers in FILE
  semidual M N K GAMMA B FILE   value and gradient of the semi-dual for the float64 potentials and costs in FILE,
                                columns of mass B each
"""
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numba
import numpy as np


@numba.njit(fastmath=True, cache=False)
def topk(x, dy, k, lam, y, dx):
    rows, n = x.shape
    sums = np.empty(n, np.float32)
    starts = np.empty(n + 1, np.int64)
    for row in range(rows):
        order = np.argsort(-x[row])
        blocks = 0
        for i in range(n):
            total = x[row, order[i]] - (lam if i < k else np.float32(0))
            start = i
            while blocks > 0 and sums[blocks - 1] * (i + 1 - start) < total * (start - starts[blocks - 1]):
                blocks -= 1
                total += sums[blocks]
                start = starts[blocks]
            sums[blocks] = total
            starts[blocks] = start
            blocks += 1
        starts[blocks] = n
        for b in range(blocks):
            first, end = starts[b], starts[b + 1]
            if end - first == 1:
                y[row, order[first]] = 1 if first < k else 0
                dx[row, order[first]] = 0
                continue
            v = sums[b] / (end - first)
            mean = np.float32(0)
            for i in range(first, end):
                y[row, order[i]] = (x[row, order[i]] - v) / lam
                mean += dy[row, order[i]]
            mean /= end - first
            for i in range(first, end):
                dx[row, order[i]] = (dy[row, order[i]] - mean) / lam


def semidual(m, n, k, gamma, mass, data):
    # POT 0.8 has no sparse plans: its projection onto the simplex for all columns at once, of the k largest of each
    import ot

    alpha, costs = data[:m], data[m:].reshape(m, n)
    a = mass * n / m
    b = np.full(n, mass)
    start = time.perf_counter()
    x = alpha[:, None] - costs
    if k < m:
        kept = np.argpartition(x, m - k, axis=0)[m - k:]
        top = np.take_along_axis(x, kept, axis=0)
    else:
        top = x
    scaled = top / (gamma * b)
    projected = ot.smooth.projection_simplex(scaled.T, axis=1).T
    plan = b * projected
    value = a * alpha.sum() - (top * plan).sum() + gamma / 2 * (plan * plan).sum()
    rows = np.zeros(m)
    if k < m:
        np.add.at(rows, kept, plan)
    else:
        rows = plan.sum(axis=1)
    gradient = a - rows
    return time.perf_counter() - start, value, np.abs(gradient).max()


def main():
    held = {}
    for line in sys.stdin:
        task = line.split()
        name, path = task[0], task[-1]
        if name == "topk":
            rows, n, k = (int(v) for v in task[1:4])
            if path not in held:
                both = np.fromfile(path, np.float32).reshape(2, rows, n)
                held[path] = both[0].copy(), both[1].copy(), np.empty((rows, n), np.float32), np.empty((rows, n), np.float32)
                topk(*held[path][:2], k, np.float32(task[4]), *held[path][2:])
            x, dy, y, dx = held[path]
            start = time.perf_counter()
            topk(x, dy, k, np.float32(task[4]), y, dx)
            print(time.perf_counter() - start, float(y[rows - 1].sum()), float(np.abs(dx).max()), flush=True)
        elif name == "partition":
            n, k = (int(v) for v in task[1:3])
            if path not in held:
                held[path] = np.fromfile(path, np.float32)[:n]
            copy = held[path].copy()
            start = time.perf_counter()
            copy.partition(n - k)
            print(time.perf_counter() - start, float(copy[n - k]), 0.0, flush=True)
        elif name == "semidual":
            m, n, k = (int(v) for v in task[1:4])
            if path not in held:
                held[path] = np.fromfile(path, np.float64)
            print(*semidual(m, n, k, float(task[4]), float(task[5]), held[path]), flush=True)
        else:
            sys.exit("expected topk, partition or semidual, found " + name)


main()
