"""What becomes of a number: the explanations of the layers that read it, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from explain_cases import MAKERS, random_image, random_model

from cnnlib.explain import Place, Trace, onward
from cnnlib.explain.parts import Largest
from cnnlib.explain.places import as_images
from cnnlib.layers import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, ReLU
from cnnlib.model import Sequential


@pytest.mark.parametrize("wanted", MAKERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_every_step_reads_the_number_before(wanted, seed):
    model = random_model(seed, wanted)
    trace = Trace(model, random_image(model, seed))
    rng = np.random.default_rng(seed)
    for name in trace.stations:
        sides = as_images(trace.outputs[name].shape)
        place = Place(name, *(int(rng.integers(side)) for side in sides))
        for parts in onward(trace, place):
            region = parts.sources[0]
            assert region.layer == place.layer
            assert place.channel in region.channels
            assert place.row in region.rows
            assert place.column in region.columns
            assert abs(parts.value - trace.value(parts.place)) < 1e-4 * max(1, abs(parts.value))
            place = parts.place


def test_a_winner_of_a_pool_is_said_to_win():
    model = Sequential([Conv2d(3), ReLU(), MaxPool2d(2), Flatten(), Dense(4)], (1, 8, 8), seed=1)
    trace = Trace(model, random_image(model, 1))
    for channel in range(3):
        for row in range(6):
            for column in range(6):
                relu, pool = onward(trace, Place("conv1", channel, row, column))
                assert isinstance(pool, Largest)
                assert pool.place == Place("pool1", channel, row // 2, column // 2)
                wins = pool.winner_place == relu.place
                window = trace.outputs["relu1"][channel, row // 2 * 2 :, column // 2 * 2 :][:2, :2]
                assert wins == (window.argmax() == (row % 2) * 2 + column % 2)


def test_what_a_pool_leaves_out_goes_nowhere():
    model = Sequential([Conv2d(2), AvgPool2d(2, stride=3), Flatten(), Dense(4)], (1, 9, 9))
    trace = Trace(model, np.zeros((1, 9, 9), np.uint8))
    assert onward(trace, Place("conv1", 0, 2, 0)) == []
    assert onward(trace, Place("conv1", 0, 6, 6)) == []
    assert [each.place for each in onward(trace, Place("conv1", 1, 4, 0))] == [
        Place("avgpool1", 1, 1, 0)
    ]
    assert onward(trace, Place("dense1", 0)) == []
