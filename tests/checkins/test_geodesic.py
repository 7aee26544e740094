import pytest

from app.checkins.geodesic import geodesic_m


def degrees(whole, minutes, seconds):
    return whole + minutes / 60 + seconds / 3600


def test_the_survey_line_from_flinders_peak_to_buninyong_has_its_published_length():
    # Geocentric Datum of Australia technical manual: 54,972.271 m.
    flinders_peak = degrees(144, 25, 29.52440), -degrees(37, 57, 3.72030)
    buninyong = degrees(143, 55, 35.38390), -degrees(37, 39, 10.15610)
    assert geodesic_m(*flinders_peak, *buninyong) == pytest.approx(54_972.271, abs=0.001)
    assert geodesic_m(*buninyong, *flinders_peak) == pytest.approx(54_972.271, abs=0.001)
