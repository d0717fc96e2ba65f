//! Laws and theory, checked through the library's public face.
#![allow(clippy::disallowed_methods, reason = "references may use the platform's own functions")]

mod generators;
