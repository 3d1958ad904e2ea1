"""What holds for all tests: notebooks are compared by the project's own extension of nbval."""

from hypothesis import settings

pytest_plugins = ["tests.regression.plugin"]

# No test measures time: on a busy machine any example may take longer than hypothesis allows.
settings.register_profile("timeless", deadline=None)
settings.load_profile("timeless")
