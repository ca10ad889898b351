# What a `headwater_dq_suite` knows: the kinds of expectations and their arguments. Terraform drops what an object's type does not
# name without a word, and a misspelt `on_fail` would be a gate that is open; so the names are held against this list.

locals {
  every_expectation = ["description", "dimension", "enabled", "id", "on_fail", "owner", "severity", "tags"]

  kinds = {
    between             = ["column", "ints", "floats", "decimals", "strings", "dates", "times", "timestamps", "mostly", "where", "nan"]
    column_count        = ["min", "max", "strict_min", "strict_max"]
    column_exists       = ["column", "position"]
    columns             = ["names", "mode"]
    compare             = ["left", "op", "right", "ignore_rows", "mostly", "where", "nan"]
    distinct_set        = ["column", "mode", "ints", "floats", "decimals", "strings", "bools", "dates", "times", "timestamps", "where", "nan"]
    distinct_within_row = ["columns", "ignore_rows", "mostly", "where", "nan"]
    distribution        = ["column", "categories", "bins", "threshold", "tail_weight_holdout", "internal_weight_holdout", "where", "nan"]
    equal_within_row    = ["columns", "ignore_rows", "mostly", "where", "nan"]
    in_set              = ["column", "ints", "floats", "decimals", "strings", "bools", "dates", "times", "timestamps", "mostly", "where", "nan"]
    is_null             = ["column", "mostly", "where", "nan"]
    json                = ["column", "mostly", "where", "nan"]
    length              = ["column", "min", "max", "strict_min", "strict_max", "as_text", "mostly", "where", "nan"]
    like                = ["column", "patterns", "match_on", "escape", "mostly", "where", "nan"]
    matches             = ["column", "patterns", "match_on", "as_text", "mostly", "where", "nan"]
    most_common         = ["column", "ints", "floats", "decimals", "strings", "bools", "dates", "times", "timestamps", "ties_ok", "where", "nan"]
    not_in_set          = ["column", "ints", "floats", "decimals", "strings", "bools", "dates", "times", "timestamps", "mostly", "where", "nan"]
    not_like            = ["column", "patterns", "match_on", "escape", "mostly", "where", "nan"]
    not_matches         = ["column", "patterns", "match_on", "as_text", "mostly", "where", "nan"]
    not_null            = ["column", "mostly", "where", "nan"]
    not_outlier         = ["column", "multiplier", "method", "mostly", "where", "nan"]
    ordered             = ["column", "direction", "strictly", "mostly", "where", "nan"]
    pair_in_set         = ["left", "right", "pairs", "ignore_rows", "mostly", "where", "nan"]
    quantile            = ["column", "quantiles", "method", "no_data", "where", "nan"]
    row_count           = ["min", "max", "strict_min", "strict_max", "where", "nan"]
    row_count_equals    = ["table", "where", "nan"]
    row_sum             = ["columns", "total", "ignore_rows", "mostly", "where", "nan"]
    sql_equals          = ["query", "other_query", "other_source"]
    sql_rows            = ["query"]
    statistic           = ["column", "statistic", "ints", "floats", "decimals", "strings", "dates", "times", "timestamps", "no_data", "where", "nan"]
    time_format         = ["column", "format", "mostly", "where", "nan"]
    type                = ["column", "types"]
    unique              = ["columns", "ignore_rows", "mostly", "where", "nan"]
    z_score             = ["column", "threshold", "double_sided", "mostly", "where", "nan"]
  }
}
