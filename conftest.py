"""Notebooks are collected and compared by the project's own extension of nbval."""

pytest_plugins = ["tests.regression.plugin"]
