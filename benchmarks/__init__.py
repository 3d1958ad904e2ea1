"""What takes longer than a test or a chapter may: each module measures, and writes a record.

This file keeps the folder's name: opacus installs a package called ``benchmarks``, too, and one
with such a file is found before a folder without.
"""
