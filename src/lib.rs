//! blobscene renders synthetic fluorescence volumes with exact ground truth from a text scene.
//!
//! ```text
//! scene text -> Description -> Scene -> spots -> blocks -> file
//!               (spanned,      (checked) (generators) (profiles,   (chunk by chunk,
//!               no meaning)                           tiles)        in order)
//! ```
//!
//! In another crate:
//!
//! ```toml
//! [dependencies]
//! blobscene = { path = "../blobscene" }
//! ndarray = "0.17"
//! rayon = "1.12"
//! ```
//!
//! It needs the settings of this one in a `.cargo/config.toml` of its own, because cargo does not read those of a
//! dependency: a flag for the interpreter of scripts, and a cmake of 3.26 or newer.
//!
//! ```toml
//! [env]
//! HOST_CXXFLAGS = { value = "-ffp-contract=off", force = true }
//! TARGET_CXXFLAGS = { value = "-ffp-contract=off", force = true }
//! # Only where the machine has no such cmake:
//! CMAKE_x86_64_unknown_linux_gnu = { value = "../blobscene/tools/cmake", relative = true }
//! CMAKE_aarch64_unknown_linux_gnu = { value = "../blobscene/tools/cmake", relative = true }
//! ```
//!
//! A volume in memory, without a file; its axes are z y x:
//!
//! ```no_run
//! use blobscene::scene::{Request, Scene};
//! use blobscene::{populate::populate, render::Renderer};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let pool = rayon::ThreadPoolBuilder::new().build()?;
//!     let first = |problems: Vec<blobscene::diagnostic::Diagnostic>| problems[0].to_string();
//!     let scene = Scene::open("scenes/cluster.toml".as_ref(), &Request::default()).map_err(first)?;
//!     let spots = pool.install(|| populate(&scene, 0, u64::from(u32::MAX))).map_err(first)?;
//!     let renderer = pool.install(|| Renderer::new(&scene, &spots, u64::MAX));
//!     let volume: ndarray::Array3<f32> = renderer.array(&pool, &scene.grid.whole());
//!     println!("{:?}, {} photons", volume.dim(), volume.sum());
//!     Ok(())
//! }
//! ```
//!
//! No allocator is needed. A program that renders again and again may take [`memory::LargeMemory`], with which a new volume
//! takes the memory of one that was dropped; [`script::heap::ScriptAllocator`], which the binary has, makes `pairs` of a
//! script go over keys that are tables or functions in the same order in every run.
//!
//! ```
//! #[global_allocator]
//! static MEMORY: blobscene::memory::LargeMemory = blobscene::memory::LargeMemory { kept: 4 << 30 };
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
