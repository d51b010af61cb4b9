"""Pure functions of arrays, one small file per family. See docs/metrics.md for definitions."""
