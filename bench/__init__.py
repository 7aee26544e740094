"""Measurements, side by side in one run: the service, a floor that does less, and the naive version of itself."""
