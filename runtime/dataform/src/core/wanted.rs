//! Which version a project wants.
