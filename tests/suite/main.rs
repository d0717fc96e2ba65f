//! Tests of the whole program, one binary.

mod profiles;
mod table;
