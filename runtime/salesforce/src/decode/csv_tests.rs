//! CSV as strings, cut at every byte.
