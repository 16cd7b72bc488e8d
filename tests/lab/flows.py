# SPDX-License-Identifier: BSD-3-Clause
"""The flows of the flood: what its sender and its checks must agree about."""

DESTINATION_PORT = 9


def flow(number):
    """Source address and port of a flow."""
    return f"198.51.100.{100 + number % 100}", 40000 + number
