//! Values of reverse problems: linear expressions in the one unknown `x`.

pub(crate) use interplay_graph::Linear;
