"""A fictional county with three months behind it, made by the same services that real ones use."""
