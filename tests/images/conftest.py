"""The visitor of windows is a program for another environment, not a module of tests."""

collect_ignore = ["window_visitor.py"]
