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

    def close(self, within):
        """Whether both observed nearly the same number."""
        a, b = self.ours.get("observed_value"), self.theirs.get("observed_value")
        numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
        return numbers and abs(a - b) <= within * max(abs(a), abs(b))

    def numbers(self):
        """The floating-point numbers of its arguments."""
        found = []

        def walk(value):
            if isinstance(value, float):
                found.append(value)
            elif isinstance(value, (list, dict)):
                for one in value.values() if isinstance(value, dict) else value:
                    walk(one)

        walk(self.kwargs)
        return found

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


ROWS = (
    "unexpected_count", "unexpected_percent", "unexpected_percent_total", "unexpected_percent_nonmissing", "partial_unexpected_list",
)  # fmt: skip
VERDICT = ("success", *ROWS)
ALL = (*VERDICT, "observed_value", "element_count", "missing_count", "missing_percent", "partial_missing_list", "raised")
TYPES = ("expect_column_values_to_be_in_type_list", "expect_column_values_to_be_of_type", "expect_column_type_to_be")
ORDERED = ("expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing")
WITHIN_ROW = ("expect_select_column_values_to_be_unique_within_record", "expect_multicolumn_values_to_be_equal")
PAIRS = (
    "expect_column_pair_values_a_to_be_greater_than_b", "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
)  # fmt: skip
SETS = (
    "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set", "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set", "expect_column_distinct_values_to_equal_set",
    "expect_column_most_common_value_to_be_in_set", "expect_column_pair_values_to_be_in_set",
)  # fmt: skip
MOMENTS = ("expect_column_mean_to_be_between", "expect_column_stdev_to_be_between", "expect_column_sum_to_be_between")
TEXTS = (
    "expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex", "expect_column_values_to_match_regex_list",
    "expect_column_values_to_not_match_regex_list",
)  # fmt: skip


def comparable(case):
    """Whether the columns are of one family, so that comparing them means something."""
    family = {"text": "text", "code": "text", "instant": "instant", "zoned": "instant"}
    numbers = ("int", "small", "huge", "float", "wild", "single", "decimal", "precise", "bool")
    return len({"number" if k in numbers else family.get(k, k) for k in case.kinds()}) == 1


DIFFERENCES = [
    Difference(
        "categories",
        "Great Expectations negates a Categorical, which pandas refuses, and takes a dictionary's order for none; here a dictionary "
        "is text that is stored once",
        lambda c: c.some("code") and c.they_raised("Categorical"),
    ),
    Difference(
        "decimals and floats",
        "Great Expectations mixes Decimal and float in outliers and quantiles, which Python refuses",
        lambda c: c.some("decimal", "precise") and c.they_raised("decimal.Decimal"),
    ),
    Difference(
        "a statistic that became None",
        "Great Expectations turns a NaN into None on its way and then fails on it: over infinities, one row, and Decimals whose "
        "conversion to floats it loses",
        lambda c: c.they_raised("float() argument must be a string or a real number, not 'NoneType'"),
    ),
    Difference(
        "no distribution of nothing",
        "over no values Great Expectations fails with NaN weights; here it cannot be evaluated, which is no pass either",
        lambda c: c.ours.get("raised", "").startswith("there are no values") and c.theirs.get("success") is False,
        ("expect_column_kl_divergence_to_be_less_than",),
    ),
    Difference(
        "types that do not compare",
        "values of different families are unequal to pandas; here comparing them is a mistake in the suite and said so",
        lambda c: "these are not compared" in c.ours.get("raised", "") and not comparable(c),
        (*WITHIN_ROW, *PAIRS),
    ),
    Difference(
        "no rows, wrong type",
        "pandas does not notice that a check makes no sense for a column that holds no value; here the type decides",
        lambda c: "raised" in c.ours and c.theirs.get("unexpected_percent", 0) is None,
    ),
    Difference(
        "pandas' names of types",
        "Great Expectations judges object columns row by row, and shows dtype, class or type names by turns; here one name is shown",
        lambda c: c.some("date", "time", "decimal", "precise", "binary", "bool", "code", "instant", "zoned", "civil", "text"),
        TYPES,
        (*ALL[1:-1], "observed_value"),
    ),
    Difference(
        "the type list does not know str",
        "expect_column_values_to_be_in_type_list does not find the name str for pandas' own str columns; the others of its kind do",
        lambda c: c.only("text") and c.theirs.get("success") is False and "str" in c.kwargs["type_list"],
        ("expect_column_values_to_be_in_type_list",),
        ("success",),
    ),
    Difference(
        "bytes are shown as hexadecimal digits",
        "Great Expectations shows Python's b'…'",
        lambda c: c.some("binary"),
        fields=("partial_unexpected_list",),
    ),
    Difference(
        "times of several columns",
        "in pairs and rows Great Expectations shows timestamps without their zone, and NaT for none",
        lambda c: len(c.columns()) > 1 and c.some("instant", "zoned", "civil"),
        fields=("partial_unexpected_list",),
    ),
    Difference(
        "NaT is no value",
        "over no timestamps Great Expectations shows NaT, here null is shown",
        lambda c: c.theirs.get("observed_value") == "NaT" and c.ours.get("observed_value") is None,
        fields=("observed_value",),
    ),
    Difference(
        "differences of truth values",
        "pandas' difference of truth values is never negative, so nothing falls; here false stands before true",
        lambda c: c.only("bool"),
        ORDERED,
        VERDICT,
    ),
    Difference(
        "single precision",
        "pandas adds single precision in single precision; here it is read as double precision",
        lambda c: c.some("single"),
        ("expect_multicolumn_sum_to_equal", *MOMENTS, "expect_column_quantile_values_to_be_between", "expect_column_median_to_be_between",
         "expect_column_value_z_scores_to_be_less_than"),
        (*VERDICT, "observed_value"),
    ),
    Difference(
        "whole numbers beside missing values",
        "pandas reads whole numbers beside missing values as floating-point numbers, which hold them up to 2^53 only",
        lambda c: c.some("huge") and c.gaps(),
        fields=(*VERDICT, "observed_value", "missing_count", "partial_missing_list"),
    ),
    Difference(
        "sums of huge whole numbers",
        "pandas' sum of whole numbers wraps around at 2^63, and its means are of rounded numbers; here sums are exact",
        lambda c: c.some("huge") and not c.gaps(),
        MOMENTS,
        ("success", "observed_value"),
    ),
    Difference(
        "decimals are compared with what is written",
        "Great Expectations compares a Decimal with the bits of a bound, so that 1.10 is less than 1.1; here with its digits",
        lambda c: c.some("decimal", "precise"),
        ("expect_column_values_to_be_between", "expect_column_min_to_be_between", "expect_column_max_to_be_between"),
        VERDICT,
    ),
    Difference(
        "combining marks are parts of words",
        "Python's \\w has no combining marks, Unicode's definition (UTS 18), which Rust follows, has",
        lambda c: c.some("text") and "\\w" in str(c.kwargs.get("regex", c.kwargs.get("regex_list"))),
        TEXTS,
        VERDICT,
    ),
    Difference(
        "object columns row by row",
        "Great Expectations judges object columns row by row by Python's classes, among which there is no object",
        lambda c: c.some("date", "time", "decimal", "precise", "binary", "bool", "code"),
        TYPES,
        ("success",),
    ),
    Difference(
        "a check of text or of numbers over another type",
        "pandas writes anything as text and makes numbers of much; here the column's type decides, and the mistake is said",
        lambda c: any(text in c.ours.get("raised", "") for text in ("this check is about", "are not compared here")),
    ),
    Difference(
        "times of day have an order",
        "Great Expectations subtracts neighbours, which Python's times of day refuse",
        lambda c: c.only("time") and c.they_raised("datetime.time"),
        ORDERED,
    ),
    Difference(
        "infinities in order",
        "Great Expectations subtracts neighbours; of two infinities nothing is left, which is no fall",
        lambda c: c.only("wild"),
        ORDERED,
        VERDICT,
    ),
    Difference(
        "pairs that cannot be written",
        "Great Expectations' results of pairs do not serialise its own arguments when they are None, NaN or of numpy",
        lambda c: c.they_raised("Invalid result values were found", "is not JSON serializable"),
        ("expect_column_pair_values_to_be_in_set",),
    ),
    Difference(
        "zones get lost among the most common",
        "Great Expectations takes the modes' numpy values, which have no zone, and compares them with values that have one",
        lambda c: c.only("instant", "zoned"),
        ("expect_column_most_common_value_to_be_in_set",),
        ("success", "observed_value"),
    ),
    Difference(
        "hours that happen twice",
        "Python holds a time of an hour that happens twice unequal to any time in another zone; here an instant is an instant",
        lambda c: c.some("zoned"),
        SETS,
        (*VERDICT, "missing_count", "partial_missing_list"),
    ),
    Difference(
        "NaT is shown for no value",
        "of timestamps that are not there Great Expectations shows NaT, here null is shown",
        lambda c: c.some("instant", "zoned", "civil") and set(c.theirs.get("partial_unexpected_list", [])) == {"NaT"},
        ("expect_column_values_to_not_be_null",),
        ("partial_unexpected_list",),
    ),
    Difference(
        "no Decimals, no distance",
        "Great Expectations' z-scores subtract a float from Decimals, which Python refuses",
        lambda c: c.some("decimal", "precise") and c.they_raised("Cannot complete Z-score"),
        ("expect_column_value_z_scores_to_be_less_than",),
    ),
    Difference(
        "whole numbers as text beside missing values",
        "pandas reads whole numbers beside missing values as floating-point numbers, whose text ends in .0",
        lambda c: c.only("int", "small", "huge") and c.gaps(),
        TEXTS,
        VERDICT,
    ),
    Difference(
        "the last bit of a sum",
        "sums of floating-point numbers depend on the order in which they are added; here a bound lies between the two",
        lambda c: c.theirs.get("observed_value") != c.ours.get("observed_value") and c.close(1e-12),
        MOMENTS,
        ("success",),
    ),
    Difference(
        "to mend: the last bit of a number in JSON",
        "numbers of 16 and 17 digits in a suite are read to within one unit of the last place, not exactly",
        lambda c: c.some("float") and any(len(repr(abs(v)).replace(".", "").strip("0")) > 15 for v in c.numbers()),
        SETS,
        (*VERDICT, "missing_count", "partial_missing_list"),
    ),
    Difference(
        "to mend: sums of decimals beyond 38 digits",
        "a sum of decimals that 38 digits do not hold stays at the greatest number of 128 bits",
        lambda c: c.some("precise") and str(c.ours.get("observed_value")).startswith("1.701411834604692"),
        MOMENTS,
        ("success", "observed_value"),
    ),
]
