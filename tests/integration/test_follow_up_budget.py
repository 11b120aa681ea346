"""The pipeline's questions, by a clock that does not wait: budget, fairness, an end."""

import pytest

from tests.bench.follow_up import simulate


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"parallel": 200}, 300),
        ({"parallel": 4}, 300),
        ({"per_minute": 60}, 30),
        ({"per_minute": 60, "share": 0.1}, 6),
        ({"per_minute": 3, "share": 1.0}, 3),
    ],
)
def test_uploads_are_followed_up_within_the_budget_and_in_nobodys_way(settings, allowed):
    files = 40 if settings.get("per_minute") == 3 else 150
    result = simulate(files, **settings)
    alone = simulate(files, **{**settings, "share": 0.0})
    assert result.busiest <= allowed
    assert result.requests <= 2 * files
    assert result.uploaded_after <= alone.uploaded_after * 1.01 + 1
    if per_minute := settings.get("per_minute"):
        assert result.busiest_of_all <= per_minute


def test_a_share_of_less_than_one_a_minute_is_one_too():
    result = simulate(5, per_minute=2, share=0.25)
    assert result.busiest == 1
    assert result.requests in (6, 7)  # five files and their source; one question comes too early
    assert result.known_after >= 5 * 120


def test_uploads_that_are_left_to_a_list_do_not_wake_the_pipeline_one_by_one():
    files = 300
    result, alone = simulate(files, parallel=4), simulate(files, share=0.0)
    assert result.turns - alone.turns < files / 2
