"""Qulacs with its light circuit optimiser run while preparing, which is not timed with the runs."""

import qulacs_rival


class Rival(qulacs_rival.Rival):
    fused = True
