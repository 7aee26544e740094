"""The exact distance on the WGS-84 ellipsoid."""


def geodesic_m(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """Metres between two WGS-84 positions, exact to a nanometre and some 50 µs dear.

    The caller has checked the range: geopy wraps a longitude of 400 silently.
    """
    from geopy.distance import geodesic  # noqa: PLC0415 - late: its package loads every geocoder there is

    return float(geodesic((lat1, lng1), (lat2, lng2)).meters)
