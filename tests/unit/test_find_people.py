"""Who is meant by a name that somebody types."""

import pytest

from watcher.cli.forget import find_people

MARIA = ("María José Núñez", "mj.nunez@example.org")
AISHA = ("Aisha Rahman", "aisha@example.org")
AIS = ("Ais Lee", "lee@example.org")
PEOPLE = (MARIA, AISHA)


@pytest.mark.parametrize(
    ("wanted", "people", "found", "is_exact"),
    [
        ("Aisha Rahman", PEOPLE, [AISHA], True),
        ("aisha", PEOPLE, [AISHA], True),
        ("Maria Jose", PEOPLE, [MARIA], True),  # without accents
        ("NÚÑEZ, María", PEOPLE, [MARIA], True),  # the other way round
        ("mari\u0301a", PEOPLE, [MARIA], True),  # an accent of its own
        ("Aisha Núñez", PEOPLE, [], True),  # each word, of one person
        ("AISHA@example.org", PEOPLE, [AISHA], True),
        ("example.org", PEOPLE, [], True),  # that is nobody's own
        ("ais", PEOPLE, [AISHA], False),
        ("ais", (*PEOPLE, AIS), [AIS], True),  # whole words come first
        ("mj.nu", PEOPLE, [MARIA], False),
        ("a", PEOPLE, [MARIA, AISHA], False),
        (" ", PEOPLE, [], True),  # which is a part of everything
        ("\u0301", PEOPLE, [], True),
        ("Aisha", [("", "x@example.org")], [], True),
    ],
)
def test_people_are_found(wanted, people, found, is_exact):
    assert find_people(wanted, people) == (found, is_exact)
