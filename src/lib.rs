//! blobscene renders synthetic fluorescence volumes with exact ground truth from a text scene.
//!
//! ```text
//! scene text -> Description -> Scene -> spots -> blocks -> file
//!               (spanned,      (checked) (generators) (profiles,   (chunk by chunk,
//!               no meaning)                           tiles)        in order)
//! ```

// Vocabulary: plain data.
pub mod diagnostic;
pub mod error;
pub mod files;
pub mod grid;
pub mod math;
pub mod memory;
pub mod nearest;
pub mod plugin;
pub mod random;
pub mod script;
pub mod simd;
pub mod spot;
pub mod value;

// Plugin families: one file each plugin, a visible list beside them.
pub mod generators;
pub mod profiles;
pub mod regions;

// Pipeline.
pub mod description;
pub mod plan;
pub mod populate;
pub mod projection;
pub mod render;
pub mod scene;
pub mod verify;
pub mod volume_file;

// The declarations, as documentation.
pub mod reference;
