"""Other ways to the same volume. Each takes a `Field` and returns a new array, axes z y x.

The first ones are those of the question that this project began with (a sum of Gaussians on a NumPy grid), which
sum all spots at all voxels; the others stay within the box of a spot, as blobscene does.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

METHODS = {}


@dataclass
class Field:
    """Spots in voxels: value = amplitude * exp(-sum(((i - centre) / sigma)**2) / 2)."""

    shape: tuple  # z y x
    centre: np.ndarray  # (spots, 3), z y x
    sigma: np.ndarray  # the same
    amplitude: np.ndarray
    cut: float  # half width of the box of a spot, in sigmas
    threads: int

    def boxes(self):
        """First and last + 1 voxel of each spot's box along each axis, clipped to the grid."""
        half, top = self.cut * self.sigma, np.array(self.shape)
        low = np.clip(np.ceil(self.centre - half), 0, top).astype(np.int64)
        high = np.clip(np.floor(self.centre + half) + 1, 0, top).astype(np.int64)
        return low, np.maximum(low, high)

    def updates(self):
        """Voxels that the spots touch, all together: the work there is."""
        low, high = self.boxes()
        return int(np.prod(high - low, axis=1).sum())

    def profiles(self, dtype, cut=False):
        """For each axis the profiles of all spots along it, (spots, voxels); amplitudes in the first."""
        profiles = []
        for axis, n in enumerate(self.shape):
            distance = (np.arange(n)[None, :] - self.centre[:, axis, None]) / self.sigma[:, axis, None]
            profile = np.exp(-0.5 * distance**2)
            if cut:
                profile[np.abs(distance) > self.cut] = 0
            profiles.append(profile.astype(dtype))
        profiles[0] *= self.amplitude[:, None].astype(dtype)
        return profiles


def method(name, most_work=float("inf"), question=False, exact=True, widest=float("inf")):
    """`most_work`: of spots times voxels, above which it would take minutes; `widest`: the largest sigma it can do."""

    def register(function):
        function.most_work, function.widest = most_work, widest
        function.question, function.exact = question, exact
        METHODS[name] = function
        return function

    return register


@method("numpy dense", most_work=1.0e9, question=True)
def numpy_dense(field):
    volume = np.zeros(field.shape)
    for centre, sigma, amplitude in zip(field.centre, field.sigma, field.amplitude):
        z, y, x = np.meshgrid(*map(np.arange, field.shape), indexing="ij")
        squares = ((z - centre[0]) / sigma[0]) ** 2 + ((y - centre[1]) / sigma[1]) ** 2 + ((x - centre[2]) / sigma[2]) ** 2
        volume += amplitude * np.exp(-0.5 * squares)
    return volume


@method("numpy sparse", most_work=1.0e9, question=True)
def numpy_sparse(field):
    volume = np.zeros(field.shape)
    z, y, x = np.meshgrid(*map(np.arange, field.shape), indexing="ij", sparse=True)
    for centre, sigma, amplitude in zip(field.centre, field.sigma, field.amplitude):
        squares = ((z - centre[0]) / sigma[0]) ** 2 + ((y - centre[1]) / sigma[1]) ** 2 + ((x - centre[2]) / sigma[2]) ** 2
        volume += amplitude * np.exp(-0.5 * squares)
    return volume


@method("numpy vectorised", most_work=1.0e9, question=True)
def numpy_vectorised(field):
    volume = np.zeros(field.shape)
    z, y, x = field.profiles(np.float64)
    # All spots at once do not fit into memory: ten at a time.
    for first in range(0, len(field.amplitude), 10):
        k = slice(first, first + 10)
        volume += (z[k, :, None, None] * y[k, None, :, None] * x[k, None, None, :]).sum(0)
    return volume


def in_place(field, dtype):
    volume, one = np.zeros(field.shape, dtype), np.empty(field.shape, dtype)
    for z, y, x in zip(*field.profiles(dtype)):
        np.multiply((z[:, None] * y)[:, :, None], x, out=one)
        volume += one
    return volume


@method("numpy in place", most_work=1.0e10, question=True)
def numpy_in_place(field):
    return in_place(field, np.float64)


@method("numpy in place, float32", most_work=1.0e10)
def numpy_in_place_single(field):
    return in_place(field, np.float32)


@method("numpy region, threads", most_work=1.0e13)
def numpy_region_threads(field):
    """Each spot in its box only; every thread has slices of its own."""
    volume = np.zeros(field.shape, np.float32)
    low, high = field.boxes()
    edges = np.linspace(0, field.shape[0], field.threads + 1).astype(int)

    def slices(first, end):
        for k in np.nonzero((high[:, 0] > first) & (low[:, 0] < end))[0]:
            ranges = [(max(low[k, 0], first), min(high[k, 0], end)), *zip(low[k, 1:], high[k, 1:])]
            z, y, x = (
                np.exp(-0.5 * ((np.arange(*r) - c) / s) ** 2).astype(np.float32)
                for r, c, s in zip(ranges, field.centre[k], field.sigma[k])
            )
            z *= np.float32(field.amplitude[k])
            volume[tuple(slice(*r) for r in ranges)] += (z[:, None] * y)[:, :, None] * x

    with ThreadPoolExecutor(field.threads) as pool:
        list(pool.map(slices, edges[:-1], edges[1:]))
    return volume


@method("matrix product", most_work=1.0e10)
def matrix_product(field):
    """Volume[(z, y), x] = (profiles in z and y)ᵀ (profiles in x): one call of the BLAS."""
    z, y, x = field.profiles(np.float32)
    planes = (z[:, :, None] * y[:, None, :]).reshape(len(z), -1)
    return (planes.T @ x).reshape(field.shape)


@method("matrix product, slabs", most_work=2.0e12)
def matrix_product_slabs(field):
    """The same for sixteen slices at a time and the spots that reach them."""
    z, y, x = field.profiles(np.float32, cut=True)
    low, high = field.boxes()
    volume = np.zeros(field.shape, np.float32)
    for first in range(0, field.shape[0], 16):
        end = min(first + 16, field.shape[0])
        k = np.nonzero((high[:, 0] > first) & (low[:, 0] < end))[0]
        planes = (z[k, first:end, None] * y[k, None, :]).reshape(len(k), -1)
        np.matmul(planes.T, x[k], out=volume[first:end].reshape(-1, field.shape[2]))
    return volume


def widened(field):
    """The same with half as much again of each spot."""
    return Field(field.shape, field.centre, field.sigma, field.amplitude, 1.5 * field.cut, field.threads)


def reference(field):
    """The volume in float64, with more of each spot: what the others are compared with."""
    wide = widened(field)
    volume = np.zeros(field.shape)
    low, high = wide.boxes()
    for k in range(len(field.amplitude)):
        ranges = list(zip(low[k], high[k]))
        z, y, x = (
            np.exp(-0.5 * ((np.arange(*r) - c) / s) ** 2)
            for r, c, s in zip(ranges, field.centre[k], field.sigma[k])
        )
        volume[tuple(slice(*r) for r in ranges)] += (field.amplitude[k] * z[:, None] * y)[:, :, None] * x
    return volume
