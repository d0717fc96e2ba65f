"""Methods that need more than NumPy; what is not installed is left out.

They are apart from the others, so that a process that times a NumPy method does not load them.
"""

import numpy as np

import methods
from methods import method

try:
    import numba
except ImportError:
    numba = None

if numba:

    @numba.njit(parallel=True, fastmath=True, cache=True)
    def profile_boxes(centre, sigma, amplitude, low, high, start, out):
        for k in numba.prange(len(centre)):
            for i in range(low[k], high[k]):
                t = np.float32((i - centre[k]) / sigma[k])
                out[start[k] + i - low[k]] = amplitude[k] * np.exp(np.float32(-0.5) * t * t)

    @numba.njit(cache=True)
    def spots_of_slabs(count, height, low, high):
        start = np.zeros(count + 1, np.int64)
        for k in range(len(low)):
            for slab in range(low[k] // height, (high[k] - 1) // height + 1 if high[k] > low[k] else 0):
                start[slab + 1] += 1
        start = np.cumsum(start)
        place, spots = start.copy(), np.empty(start[-1], np.int32)
        for k in range(len(low)):
            for slab in range(low[k] // height, (high[k] - 1) // height + 1 if high[k] > low[k] else 0):
                spots[place[slab]] = k
                place[slab] += 1
        return start, spots

    @numba.njit(parallel=True, fastmath=True, cache=True)
    def sum_slabs(volume, height, start, spots, low, high, z, z0, y, y0, x, x0):
        for slab in numba.prange(len(start) - 1):
            first, end = slab * height, min((slab + 1) * height, volume.shape[0])
            for i in range(start[slab], start[slab + 1]):
                k = spots[i]
                width = high[k, 2] - low[k, 2]
                along_x = x[x0[k] : x0[k] + width]
                for iz in range(max(first, low[k, 0]), min(end, high[k, 0])):
                    in_slice = z[z0[k] + iz - low[k, 0]]
                    for iy in range(low[k, 1], high[k, 1]):
                        factor = in_slice * y[y0[k] + iy - low[k, 1]]
                        row = volume[iz, iy, low[k, 2] : high[k, 2]]
                        for ix in range(width):
                            row[ix] += factor * along_x[ix]

    def numba_sum(field, dtype):
        low, high = field.boxes()
        tables = []
        for axis in range(3):
            width = high[:, axis] - low[:, axis]
            start = np.concatenate([[0], np.cumsum(width)])
            factor = field.amplitude if axis == 0 else np.ones(len(field.amplitude))
            out = np.empty(start[-1], dtype)
            columns = [np.ascontiguousarray(a[:, axis]) for a in (field.centre, field.sigma, low, high)]
            profile_boxes(*columns[:2], factor.astype(dtype), *columns[2:], start, out)
            tables += [out, start]
        height = max(1, field.shape[0] // 64)
        slabs = -(-field.shape[0] // height)
        bins = spots_of_slabs(slabs, height, *(np.ascontiguousarray(a[:, 0]) for a in (low, high)))
        volume = np.zeros(field.shape, dtype)
        sum_slabs(volume, height, *bins, low, high, *tables)
        return volume

    @method("numba, slabs")
    def numba_slabs(field):
        return numba_sum(field, np.float32)


try:
    import finufft
except ImportError:
    finufft = None

if finufft:

    @method("finufft, spread only", exact=False, widest=1.5)
    def finufft_spread(field):
        """Another kernel (eight voxels wide) on complex numbers: the same kind of work, not the same volume."""
        plan = finufft.Plan(
            1, field.shape, eps=1e-7, dtype=np.complex64, spreadinterponly=1, upsampfac=2.0, nthreads=field.threads
        )
        turns = 2 * np.pi * (field.centre / np.array(field.shape) - 0.5)
        plan.setpts(*(np.ascontiguousarray(turns[:, axis], np.float32) for axis in range(3)))
        return plan.execute(field.amplitude.astype(np.complex64))


def reference(field):
    """The reference, by numba where it would take NumPy minutes."""
    if numba is None or len(field.amplitude) < 20_000:
        return methods.reference(field)
    return numba_sum(methods.widened(field), np.float64)


def missing():
    """Packages whose methods are left out."""
    return [name for name, package in (("numba", numba), ("finufft", finufft)) if package is None]
