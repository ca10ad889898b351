//! The client against a scripted org: what is asked, what is repeated, what is given up, and what never appears in errors.

mod calls;
mod org;
mod pages;
mod simulator;
