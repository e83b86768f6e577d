"""What became of the tests of one file on one runtime, and sums of that."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

NEEDED = 'needed: '  # of a skip's reason: what it names can be had


@dataclass
class Counts:
    """Numbers of tests; as text the plain line `N passed, N failed, N skipped`."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self):
        return f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped'


@dataclass
class FileResult:
    """The outcome of one test file; `failures` are pairs of a test's name and a message.

    `needed` counts the tests that were skipped for want of something, by what that is.
    """

    file: Path
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    needed: Counter = field(default_factory=Counter)

    def fail(self, name, message):
        """Note a failure of the test, or with an empty name of the file as a whole."""
        self.failures.append((name, message))

    def skip(self, reason):
        """Note a skipped test and its reason."""
        self.skipped += 1
        _, found, remedy = reason.partition(NEEDED)
        if found:
            self.needed[remedy] += 1

    @property
    def count(self):
        return self.passed + self.skipped + len(self.failures)


def total(results):
    """Add up results of files."""
    counts = Counts()
    for result in results:
        counts.passed += result.passed
        counts.failed += len(result.failures)
        counts.skipped += result.skipped
    return counts
