//! Drawing one problem: a graph of the requested op, names for its quantities, and the orders and
//! symbols of its texts.
//!
//! Each dialect has a generator of its own: prose problems live in places with items
//! (`structured`), terse ones are bare dependencies (`terse`). Both give a `Skeleton`.

pub(crate) mod draft;
pub(crate) mod draw;
pub(crate) mod linear;
pub(crate) mod naming;
mod order;
pub(crate) mod problem;
pub(crate) mod reverse;
pub(crate) mod skeleton;
mod structured;
pub(crate) mod symbols;
mod terse;

pub use problem::Problem;
