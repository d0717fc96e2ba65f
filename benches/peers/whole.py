#!/usr/bin/env python3
"""One method as a program of its own: whole.py METHOD SPOTS.npz VOLUME.npy"""

import sys

import numpy as np

from methods import METHODS, Field

title, spots, out = sys.argv[1:]
stored = np.load(spots)
field = Field(**{name: stored[name] if stored[name].ndim else stored[name].item() for name in stored})
field.shape = tuple(field.shape)
np.save(out, METHODS[title](field))
