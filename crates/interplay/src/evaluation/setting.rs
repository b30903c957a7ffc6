//! Which problems models are evaluated on.

use interplay_environment::{Example, Split};
use interplay_eval::Bands;
use interplay_tokenizer::Tokenizer;

use crate::data::{Selection, Supply, Wanted};
use crate::error::InterplayError;
use crate::spec::{EvaluateSpec, band_ops};

/// The stream that evaluated problems are drawn from.
pub(super) const STREAM: &str = "evaluate";

/// What an experiment says of its evaluations, with what its problems are drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub spec: &'a EvaluateSpec,
    pub bands: &'a Bands,
    pub supply: Supply<'a>,
    pub tokenizer: &'a Tokenizer,
    /// The longest sequence that the model has room for, in tokens.
    pub context_tokens: usize,
}

impl Setting<'_> {
    /// What the evaluated problems depend on beyond their table.
    pub(crate) fn content(&self) -> Result<Vec<String>, InterplayError> {
        self.spec.data.content(&self.supply, Split::Test)
    }

    /// The problems that every model of the experiment is evaluated on.
    pub(crate) fn evaluated(&self) -> Result<Selection, InterplayError> {
        let ops = band_ops(self.bands);
        let wanted = Wanted {
            stream: STREAM,
            ops: &ops,
            per_op: self.spec.problems_per_op,
            skip: 0,
            bands: Some(self.bands),
        };
        self.select(&wanted, &self.spec.supply(&self.supply))
    }

    /// Other held-out problems, which leave room for a completion.
    pub(crate) fn selected(&self, wanted: &Wanted<'_>) -> Result<Selection, InterplayError> {
        self.select(wanted, &self.supply)
    }

    fn select(
        &self,
        wanted: &Wanted<'_>,
        supply: &Supply<'_>,
    ) -> Result<Selection, InterplayError> {
        let (room, context) = (self.spec.max_new_tokens, self.context_tokens);
        let fits = |example: &Example| {
            let prompt = self.tokenizer.encode_prompt(&example.prompt)?;
            Ok(prompt.len().saturating_add(room) <= context)
        };
        self.spec.data.select(supply, wanted, fits)
    }
}
