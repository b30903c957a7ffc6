//! The fused operations on Flex.

impl super::FusedOps for burn_flex::Flex {}
