//! blobscene renders synthetic fluorescence volumes with exact ground truth from a text scene.
//!
//! ```text
//! scene text -> Description -> Scene -> spots -> blocks -> file
//!               (spanned,      (checked) (generators) (profiles,   (chunk by chunk,
//!               no meaning)                           tiles)        in order)
//! ```
//!
//! A volume in memory, without a file; its axes are z y x:
//!
//! ```no_run
//! use blobscene::{memory::LargeMemory, populate::populate, render::Renderer};
//! use blobscene::scene::{Request, Scene};
//!
//! /// For programs that render again and again: a new volume takes the memory of one that was dropped.
//! #[global_allocator]
//! static MEMORY: LargeMemory = LargeMemory { kept: 4 << 30 };
//!
//! # fn volume() -> Result<(), Vec<blobscene::diagnostic::Diagnostic>> {
//! # let pool = rayon::ThreadPoolBuilder::new().build().unwrap();
//! let scene = Scene::open("scenes/cluster.toml".as_ref(), &Request::default())?;
//! let spots = pool.install(|| populate(&scene, 0, u64::from(u32::MAX)))?;
//! let renderer = pool.install(|| Renderer::new(&scene, &spots, u64::MAX));
//! let volume: ndarray::Array3<f32> = renderer.array(&pool, &scene.grid.whole());
//! # Ok(())
//! # }
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
