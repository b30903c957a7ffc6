//! The sizes of an attention call.

use crate::segments::Segments;

/// Sizes of one attention call, and the tokens that attend each other.
#[derive(Clone, Debug)]
pub struct AttentionShape {
    /// Number of rows (sequences).
    pub batch: usize,
    /// Tokens in a row.
    pub seq: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// The documents of each row; `None` is one document per row.
    pub segments: Option<Segments>,
}

impl AttentionShape {
    /// Query heads that share one key and value head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// The factor on the scores.
    pub fn scale(&self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }

    /// The first token that token `token` of row `row` attends.
    pub fn start(&self, row: usize, token: usize) -> usize {
        match &self.segments {
            Some(segments) => segments.starts()[row * self.seq + token] as usize,
            None => 0,
        }
    }

    /// For each token of row `row`, the index after the last token that continues it; `None` if nothing branches.
    pub fn ends(&self, row: usize) -> Option<&[u32]> {
        let ends = self.segments.as_ref()?.ends()?;
        Some(&ends[row * self.seq..(row + 1) * self.seq])
    }
}
