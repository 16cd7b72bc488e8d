# SPDX-License-Identifier: BSD-3-Clause
"""The `director` that every packet case is run against, once per driver."""

import pytest

import drivers
import frames
from director import Director


@pytest.fixture(scope="session")
def replay(glbctl, tmp_path_factory):
    return drivers.Replay(glbctl, tmp_path_factory.mktemp("replay"))


@pytest.fixture(params=["replay"])
def director(request) -> Director:
    """A director with the configuration and tables of frames.py."""
    return Director(request.getfixturevalue(request.param), frames.CONFIG, frames.TABLES)
