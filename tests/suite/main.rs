//! Laws and theory, checked through the library's public face.

mod generators;
