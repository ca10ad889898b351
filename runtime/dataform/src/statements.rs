//! The SQL of an action as Dataform's executor writes it, given what exists under its name.
