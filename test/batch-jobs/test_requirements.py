"""The lock files say exactly what is installed, and nothing of where it comes from."""

import re
from importlib.metadata import version

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

LOCKS = ["requirements.lock", "requirements-test.lock"]


def _entries(name: str) -> list[tuple[Requirement, str]]:
    text = (ROOT / "batch-jobs" / name).read_text()
    blocks = re.findall(r"^([a-zA-Z0-9][^\n]*?)(?: \\\n((?:    --hash=[^\n]+\n?)+))", text, re.MULTILINE)
    return [(Requirement(head.strip()), hashes) for head, hashes in blocks]


@pytest.mark.parametrize("name", LOCKS)
def test_pins_every_package_with_hashes_and_names_no_host(name):
    text = (ROOT / "batch-jobs" / name).read_text()
    assert "http" not in text and "--index" not in text and "--find-links" not in text
    entries = _entries(name)
    assert len(entries) == len(re.findall(r"^[a-zA-Z0-9]", text, re.MULTILINE))
    for requirement, hashes in entries:
        assert str(requirement.specifier).startswith("==") and "sha256:" in hashes


@pytest.mark.parametrize("name", LOCKS)
def test_is_what_the_environment_holds(name):
    for requirement, _ in _entries(name):
        if requirement.marker is None or requirement.marker.evaluate():
            assert version(requirement.name) in requirement.specifier
