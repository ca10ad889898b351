"""Where our answers differ from Great Expectations' on its pandas engine, on purpose: each with its reason. An entry holds for
some types, for some fields of an answer, and when its predicate is true of the case; one that is true of no case any more fails
the comparison."""

from dataclasses import dataclass, field


@dataclass
class Case:
    """A case with both answers."""

    table: str
    expectation: dict
    about: dict
    ours: dict
    theirs: dict

    @property
    def kind(self):
        return self.expectation["type"]

    @property
    def kwargs(self):
        return self.expectation["kwargs"]

    def columns(self):
        """The columns that it names."""
        found = [self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs]
        return found + [c for c in self.kwargs.get("column_list", []) if c in self.about["kinds"]]

    def kinds(self):
        """Their kinds."""
        return [self.about["kinds"].get(c) for c in self.columns()]

    def only(self, *kinds):
        """Whether all columns are of these kinds."""
        return all(kind in kinds for kind in self.kinds())

    def some(self, *kinds):
        """Whether a column is of these kinds."""
        return any(kind in kinds for kind in self.kinds())

    def gaps(self):
        """Whether a column has rows without a value."""
        return any(c in self.about["gaps"] for c in self.columns())

    def they_raised(self, *texts):
        """Whether the judge raised an error that says one of these."""
        return any(text in self.theirs.get("raised", "") for text in texts)


@dataclass
class Difference:
    """A difference that is meant."""

    name: str
    reason: str
    when: object
    types: tuple = ()
    fields: tuple = field(default=("raised",))

    def holds(self, case):
        """Whether it is of this case."""
        return (not self.types or case.kind in self.types) and self.when(case)


DIFFERENCES = []
