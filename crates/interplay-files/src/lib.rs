//! Files that appear under their names when they are whole, or not at all, and files of records.
//!
//! # Writing
//! Every crate of the project writes its files through [`AtomicFile`], or through [`write()`] and
//! [`write_json`], which are built on it. The steps are always the same: write to `NAME.partial` in
//! the same folder, sync the data, rename, sync the folder. A process that is killed, or a machine
//! that loses power, leaves either the old file or the new one.
//!
//! [`RecordWriter`] writes JSON lines, and [`Table`] a table for data frames: CSV, JSON lines or Parquet,
//! by the name of the file.
//!
//! Only the standard library is used for this. Crates such as `tempfile` and `atomicwrites` choose
//! random names, so a process that is killed again and again litters the folder with partial files;
//! a fixed name under an advisory lock is reused by the next writer instead. They do not sync the
//! folder either, or do not refuse devices.
//!
//! # Reading
//! [`RecordReader`] reads JSON lines, plain or compressed, and Parquet, record by record, with the
//! liberties that others take with JSON. [`read_text`] reads a text file without its byte order
//! mark.
//!
//! # Features
//! `parquet`: [`RecordReader`] reads Parquet files, and [`Table`] writes them.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("seed.json");
//! interplay_files::write_json(&path, &7)?;
//! assert_eq!(std::fs::read_to_string(&path)?, "7\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod atomic;
mod column;
mod error;
mod lenient;
mod output;
#[cfg(feature = "parquet")]
mod parquet_rows;
#[cfg(feature = "parquet")]
mod parquet_table;
mod record_writer;
mod records;
mod table;
mod text;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use atomic::{AtomicFile, rename, write, write_json};
pub use column::Column;
pub use error::{FileError, Unit};
pub use output::{check_output, output_target, partial_path, same_file};
pub use record_writer::RecordWriter;
pub use records::{RecordReader, Skipped};
pub use table::Table;
pub use text::read_text;
