"""What the judge demands of a table: for each of Great Expectations' types, arguments that sometimes hold, sometimes fail, and
sometimes make no sense for the column.

An argument is written as a suite's JSON has it. Where JSON has no type for it (a date in a set), `Typed` keeps the Python value
beside the text: Great Expectations' own suites in Python would hold that value, and its pandas engine never finds text equal to
a date.
"""

import datetime as dt
import math
from decimal import Decimal

from tables import NUMBERS, TEXTS, TIMES, value

ALL = tuple(NUMBERS + TEXTS + TIMES + ("bool", "time", "binary"))
MOSTLY = [0, 0.25, 0.5, 0.9, 0.9999, 1]


def plain(v):
    """A value as JSON has it."""
    match v:
        case dt.datetime():
            return v.isoformat().replace("+00:00", "Z")
        case dt.date() | dt.time():
            return v.isoformat()
        case Decimal():
            return int(v) if v == v.to_integral() and abs(v) < 2**53 else float(v)
        case bytes():
            return v.decode("latin-1")
        case float() if not math.isfinite(v):
            return None
    return v


def pick(rng, table, column, odds=0.8):
    """A value of a column, or one of its kind that may not be in it."""
    present = table.present(column)
    return rng.choice(present) if present and rng.random() < odds else value(table.kinds[column], rng)


def some(rng, table, column):
    """A set for a column: much of what is in it, a little that is not."""
    present = sorted(set(table.present(column)), key=repr)
    keep = [v for v in present if rng.random() < rng.choice([0.5, 0.9, 1])]
    keep += [value(table.kinds[column], rng) for _ in range(rng.randint(0, 2))]
    keep = [v for v in keep if not isinstance(v, float) or math.isfinite(v)]
    # What JSON's numbers cannot say is not asked: Great Expectations would be given more digits than we are.
    keep = [v for v in keep if not isinstance(v, Decimal) or Decimal(repr(float(v))) == v]
    return keep or [pick(rng, table, column) if table.kinds[column] != "wild" else 0.0]


def column(rng, table, *kinds):
    """A column of one of the kinds, or none; now and then one of any kind."""
    found = table.of(*kinds) if rng.random() < 0.93 else list(table.kinds)
    return rng.choice(found) if found else None


def interval(rng, low, high):
    """An interval with one or two ends, strict or not."""
    if low is not None and high is not None and high < low:
        low, high = high, low
    ends = rng.choice([("min_value", "max_value"), ("min_value",), ("max_value",)])
    found = {name: plain(v) for name, v in (("min_value", low), ("max_value", high)) if name in ends and plain(v) is not None}
    # An interval that nothing can lie in is refused by our importer, for good: it is not compared.
    point = found.get("min_value") == found.get("max_value")
    for end, strict in (("min_value", "strict_min"), ("max_value", "strict_max")):
        if end in found and not point and rng.random() < 0.25:
            found[strict] = True
    return found


def number(rng, v):
    """Near a number."""
    if v is None or not math.isfinite(v):
        v = 0
    return rng.choice([v, v, math.floor(v), v - 1, v + 1, v * 1.5])


def statistic(rng, table, kinds, compute, low=None):
    """An interval around a number of a column."""
    name = column(rng, table, *kinds)
    if name is None:
        return None
    present = table.present(name)
    try:
        around = float(compute(present)) if present else 0.0
    except (TypeError, ValueError, OverflowError):
        around = 1.0
    return {"column": name, **interval(rng, number(rng, around), number(rng, around))}


def values_between(rng, table):
    name = column(rng, table, *NUMBERS, *TIMES)
    if name is None:
        return None
    if table.kinds[name] in (*TEXTS, "time", "binary", "bool"):
        return {"column": name, **interval(rng, 0, rng.randint(0, 9))}
    low, high = pick(rng, table, name), pick(rng, table, name)
    found = interval(rng, low, high)
    return {"column": name, **(found or {"min_value": 0})}


def extreme(rng, table):
    name = column(rng, table, *NUMBERS, *TIMES)
    if name is None:
        return None
    if table.kinds[name] in (*TEXTS, "time", "binary", "bool"):
        return {"column": name, "min_value": 0}
    return {"column": name, **(interval(rng, pick(rng, table, name), pick(rng, table, name)) or {"min_value": 0})}


class Typed:
    """A list whose members JSON cannot hold."""

    def __init__(self, values):
        self.values = values

    def json(self):
        return [plain(v) if not isinstance(v, tuple) else [plain(x) for x in v] for v in self.values]


def typed(kind, values):
    return Typed(values) if kind in (*TIMES, "decimal", "precise", "time") else [plain(v) for v in values]


def in_set(rng, table, argument="value_set", kinds=ALL):
    name = column(rng, table, *(k for k in kinds if k != "binary"))
    if name is None or table.kinds[name] == "binary":
        return None
    return {"column": name, argument: typed(table.kinds[name], some(rng, table, name))}


def any_column(rng, table, kinds=ALL):
    name = column(rng, table, *kinds)
    return name and {"column": name}


def proportion(rng, table):
    return {"column": column(rng, table, *ALL), **interval(rng, rng.choice([0, 0.1, 0.5]), rng.choice([0.2, 0.5, 0.9, 1]))}


def count_of_distinct(rng, table):
    name = column(rng, table, *ALL)
    n = len(set(table.present(name)))
    return {"column": name, **interval(rng, max(0, n + rng.randint(-2, 1)), n + rng.randint(-1, 2))}


def lengths(rng, table):
    name = column(rng, table, *TEXTS)
    return name and {"column": name, **interval(rng, rng.randint(0, 4), rng.randint(1, 9))}


REGEXES = [
    "^[a-z]+$", "(?i)acme", "@", r"^\d+$", r"\.", "^.$", "^.{2}$", "é", "^$", r"\s", "[A-Z]", "^(new|paid)$", r"^\w+$", "a|b", "(?s)a.b",
    r"\p{Lu}",
]  # fmt: skip


def regex(rng, table):
    name = column(rng, table, *TEXTS)
    return name and {"column": name, "regex": rng.choice(REGEXES[:-1])}


def regexes(rng, table, match_on):
    name = column(rng, table, *TEXTS)
    found = name and {"column": name, "regex_list": rng.sample(REGEXES[:-1], rng.randint(1, 3))}
    if found and match_on:
        found["match_on"] = rng.choice(["any", "all"])
    return found


def time_format(rng, table):
    name = column(rng, table, *TEXTS)
    return name and {"column": name, "strftime_format": rng.choice(["%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%H:%M"])}


def quantiles(rng, table):
    name = column(rng, table, *NUMBERS)
    if name is None:
        return None
    ps = sorted(rng.sample([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1], rng.randint(1, 3)))
    numeric = table.kinds[name] in NUMBERS and table.kinds[name] != "wild"
    ends = sorted(float(pick(rng, table, name)) for _ in range(2)) if numeric else [0.0, 5.0]
    ranges = [[rng.choice([None, ends[0]]), rng.choice([None, ends[1]])] for _ in ps]
    found = {"column": name, "quantile_ranges": {"quantiles": ps, "value_ranges": ranges}}
    if rng.random() < 0.4:
        found["allow_relative_error"] = rng.choice(["linear", "lower", "higher", "midpoint", "nearest"])
    return found


def z_scores(rng, table):
    name = column(rng, table, *NUMBERS)
    return name and {"column": name, "threshold": rng.choice([0.5, 1, 1.5, 2, 3]), "double_sided": rng.random() < 0.5}


def outliers(rng, table):
    name = column(rng, table, *NUMBERS)
    found = name and {"column": name}
    if found and rng.random() < 0.6:
        found["method"] = rng.choice(["iqr", "std"])
        found["multiplier"] = rng.choice([0.5, 1, 1.5, 2])
    return found


def weights(rng, n):
    parts = [rng.randint(1, 5) for _ in range(n)]
    return [p / sum(parts) for p in parts]


def divergence(rng, table):
    name = column(rng, table, *TEXTS, "int", "float", "small", "bool")
    if name is None or table.kinds[name] not in (*TEXTS, "int", "float", "small"):
        return None
    found = {"column": name, "threshold": rng.choice([0.05, 0.5, 2])}
    if table.kinds[name] in TEXTS:
        values = sorted({v for v in table.present(name)} | {rng.choice(["new", "extra"])})
        values = values[: rng.randint(1, 8)]
        found["partition_object"] = {"values": values, "weights": weights(rng, len(values))}
        if rng.random() < 0.5:
            found |= {"internal_weight_holdout": 0.01, "tail_weight_holdout": 0.01}
    else:
        edges = sorted(rng.sample(range(-20, 20), rng.randint(2, 5)))
        found["partition_object"] = {"bins": edges, "weights": weights(rng, len(edges) - 1)}
        if rng.random() < 0.7:
            found |= {"internal_weight_holdout": 0.01, "tail_weight_holdout": 0.01}
    return found


def pair(rng, table):
    """Two columns of one kind, or any two."""
    names = list(table.kinds)
    both = [(names[0], names[7]), (names[5], names[8])]
    a, b = rng.choice(both) if rng.random() < 0.92 else rng.sample(names, 2)
    found = {"column_A": a, "column_B": b}
    if rng.random() < 0.8:
        found["ignore_row_if"] = rng.choice(["both_values_are_missing", "either_value_is_missing", "neither"])
    return found


def pair_greater(rng, table):
    found = pair(rng, table)
    if rng.random() < 0.4:
        found["or_equal"] = True
    return found


def pair_in_set(rng, table):
    found = pair(rng, table)
    a, b = found["column_A"], found["column_B"]
    rows = [(x, y) for x, y in zip(table.values[a], table.values[b]) if rng.random() < 0.7]
    pairs = sorted(set(rows + [(pick(rng, table, a), pick(rng, table, b))]), key=repr)
    pairs = [p for p in pairs if not any(isinstance(v, (bytes, float)) and v != v or isinstance(v, bytes) for v in p)]
    found["value_pairs_set"] = Typed(pairs or [(1, 1)])
    return found


def several(rng, table, kinds=ALL):
    names = table.of(*kinds)
    if len(names) < 2:
        return None
    found = {"column_list": rng.sample(names, rng.randint(2, min(3, len(names))))}
    if rng.random() < 0.5:
        pairs = [(list(table.kinds)[0], list(table.kinds)[7]), (list(table.kinds)[5], list(table.kinds)[8])]
        both = [p for p in pairs if p[0] in names and p[1] in names]
        if both:
            found["column_list"] = list(rng.choice(both))
    if rng.random() < 0.8:
        found["ignore_row_if"] = rng.choice(["all_values_are_missing", "any_value_is_missing", "never"])
    return found


def sums(rng, table):
    found = several(rng, table, ("int", "small", "float", "single"))
    if found:
        rows = list(zip(*(table.values[c] for c in found["column_list"])))
        full = [sum(r) for r in rows if None not in r]
        found["sum_total"] = rng.choice(full) if full else 3
    return found


def columns(rng, table):
    names = list(table.kinds)
    how = rng.randint(0, 4)
    if how == 1:
        names = names[:-1]
    elif how == 2:
        names = [*names, "extra"]
    elif how == 3:
        rng.shuffle(names)
    elif how == 4:
        names[0] = names[0].upper()
    return names


def count(rng, n):
    found = interval(rng, max(0, n + rng.randint(-2, 1)), max(0, n + rng.randint(-1, 2)))
    # No count lies between two strict neighbours, or below none.
    if len(found) == 4 or found.get("max_value") == 0:
        found.pop("strict_max", None)
        found.pop("strict_min", None)
    return found


def position(rng, table):
    found = {"column": rng.choice([*table.kinds, "absent"])}
    if rng.random() < 0.4:
        found["column_index"] = rng.randint(0, len(table.kinds))
    return found


PANDAS_TYPES = ["int64", "int32", "float64", "float32", "str", "object", "bool", "datetime64[us]", "int", "float"]
READ_AS = {"int": "int64", "small": "int32", "huge": "int64", "single": "float32", "bool": "bool", "text": "str", "date": "object", "float": "float64"}


def type_name(rng, table):
    """A column, and the type that pandas gives it, or another."""
    name = rng.choice(list(table.kinds))
    likely = READ_AS.get(table.kinds[name], "object")
    if likely in ("int64", "int32") and len(table.present(name)) < table.rows:
        likely = "float64"
    return name, likely if rng.random() < 0.6 else rng.choice(PANDAS_TYPES)


def of_type(rng, table):
    name, kind = type_name(rng, table)
    return {"column": name, "type_": kind}


def in_types(rng, table):
    name, kind = type_name(rng, table)
    return {"column": name, "type_list": [*rng.sample(PANDAS_TYPES, 2), kind]}


def mean(v):
    return sum(v) / len(v)


def deviation(v):
    return math.sqrt(sum((x - mean(v)) ** 2 for x in map(float, v)) / max(1, len(v) - 1))


def middle(v):
    return sorted(v)[len(v) // 2]


# Of each type of Great Expectations, how its arguments are made.
CASES = {
    "expect_column_distinct_values_to_be_in_set": in_set,
    "expect_column_distinct_values_to_contain_set": in_set,
    "expect_column_distinct_values_to_equal_set": in_set,
    "expect_column_kl_divergence_to_be_less_than": divergence,
    "expect_column_max_to_be_between": extreme,
    "expect_column_mean_to_be_between": lambda r, t: statistic(r, t, NUMBERS, mean),
    "expect_column_median_to_be_between": lambda r, t: statistic(r, t, NUMBERS, middle),
    "expect_column_min_to_be_between": extreme,
    "expect_column_most_common_value_to_be_in_set": lambda r, t: (f := in_set(r, t)) and {**f, **({"ties_okay": True} if r.random() < 0.5 else {})},
    "expect_column_pair_values_a_to_be_greater_than_b": pair_greater,
    "expect_column_pair_values_to_be_equal": pair,
    "expect_column_pair_values_to_be_in_set": pair_in_set,
    "expect_column_proportion_of_non_null_values_to_be_between": proportion,
    "expect_column_proportion_of_unique_values_to_be_between": proportion,
    "expect_column_quantile_values_to_be_between": quantiles,
    "expect_column_stdev_to_be_between": lambda r, t: statistic(r, t, NUMBERS, deviation),
    "expect_column_sum_to_be_between": lambda r, t: statistic(r, t, NUMBERS, sum),
    "expect_column_to_exist": position,
    "expect_column_type_to_be": of_type,
    "expect_column_unique_value_count_to_be_between": count_of_distinct,
    "expect_column_value_lengths_to_be_between": lengths,
    "expect_column_value_lengths_to_equal": lambda r, t: (f := any_column(r, t, TEXTS)) and {**f, "value": r.randint(0, 5)},
    "expect_column_value_z_scores_to_be_less_than": z_scores,
    "expect_column_values_to_be_between": values_between,
    "expect_column_values_to_be_decreasing": lambda r, t: (f := any_column(r, t, NUMBERS + TIMES)) and {**f, **({"strictly": True} if r.random() < 0.4 else {})},
    "expect_column_values_to_be_in_set": in_set,
    "expect_column_values_to_be_in_type_list": in_types,
    "expect_column_values_to_be_increasing": lambda r, t: (f := any_column(r, t, NUMBERS + TIMES)) and {**f, **({"strictly": True} if r.random() < 0.4 else {})},
    "expect_column_values_to_be_json_parseable": lambda r, t: any_column(r, t, TEXTS),
    "expect_column_values_to_be_null": any_column,
    "expect_column_values_to_be_of_type": of_type,
    "expect_column_values_to_be_unique": any_column,
    "expect_column_values_to_match_regex": regex,
    "expect_column_values_to_match_regex_list": lambda r, t: regexes(r, t, True),
    "expect_column_values_to_match_strftime_format": time_format,
    "expect_column_values_to_not_be_in_set": in_set,
    "expect_column_values_to_not_be_null": any_column,
    "expect_column_values_to_not_be_outliers": outliers,
    "expect_column_values_to_not_match_regex": regex,
    "expect_column_values_to_not_match_regex_list": lambda r, t: regexes(r, t, False),
    "expect_compound_columns_to_be_unique": several,
    "expect_multicolumn_sum_to_equal": sums,
    "expect_multicolumn_values_to_be_equal": several,
    "expect_select_column_values_to_be_unique_within_record": several,
    "expect_table_column_count_to_be_between": lambda r, t: {k: v for k, v in count(r, len(t.kinds)).items() if not k.startswith("strict")},
    "expect_table_column_count_to_equal": lambda r, t: {"value": len(t.kinds) + r.randint(-1, 1) * r.randint(0, 1)},
    "expect_table_columns_to_match_ordered_list": lambda r, t: {"column_list": columns(r, t)},
    "expect_table_columns_to_match_set": lambda r, t: {"column_set": columns(r, t), **({"exact_match": False} if r.random() < 0.5 else {})},
    "expect_table_row_count_to_be_between": lambda r, t: count(r, t.rows),
    "expect_table_row_count_to_equal": lambda r, t: {"value": max(0, t.rows + r.randint(-1, 1) * r.randint(0, 1))},
}

# Judged row by row, so that `mostly` applies.
BY_ROW = [t for t in CASES if t.startswith(("expect_column_values_", "expect_column_pair_", "expect_multicolumn_", "expect_compound_", "expect_select_", "expect_column_value_"))]  # fmt: skip
SHAPES = [t for t in CASES if "table_column" in t or t.endswith(("_to_exist", "_type_to_be", "_of_type", "_type_list"))]


def condition(rng, table):
    """A row condition: as objects, in Great Expectations' language, or in pandas'."""
    names = table.of("int", "text", "code", "float")
    if not names:
        return {}
    name = rng.choice(names)
    v = pick(rng, table, name)
    operator = rng.choice(["==", "!="] if table.kinds[name] in TEXTS else ["==", "!=", "<", "<=", ">", ">="])
    how = rng.random()
    if how < 0.2:
        return {"row_condition": {"type": "nullity", "column": {"name": name}, "is_null": rng.random() < 0.3}}
    # What Great Expectations' own language of conditions can say.
    sayable = name.isidentifier() and (not isinstance(v, str) or v.isascii() and v.isalnum())
    if how < 0.6 or not sayable:
        one = {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": v}
        if how < 0.3:
            other = {"type": "nullity", "column": {"name": rng.choice(list(table.kinds))}, "is_null": False}
            return {"row_condition": {"type": rng.choice(["and", "or"]), "conditions": [one, other]}}
        return {"row_condition": one}
    literal = f'"{v}"' if isinstance(v, str) else repr(v)
    if how < 0.85:
        return {"row_condition": f'col("{name}"){operator}{literal}', "condition_parser": "great_expectations"}
    return {"row_condition": f"{name} {operator} {literal}", "condition_parser": "pandas"}


def case(kind, rng, table):
    """The arguments of one case, or none when the table has no column for it."""
    found = CASES[kind](rng, table)
    if not found or any(v is None for k, v in found.items() if k == "column"):
        return None
    if kind not in SHAPES and "column" in found and rng.random() < 0.005:
        found["column"] = "absent"
    if kind in BY_ROW and kind not in SHAPES and rng.random() < 0.4:
        found["mostly"] = rng.choice(MOSTLY)
    if kind not in SHAPES and rng.random() < 0.12:
        found |= condition(rng, table)
    return found
