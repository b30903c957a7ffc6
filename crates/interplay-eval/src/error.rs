//! What can go wrong in an evaluation.

use std::convert::Infallible;

use interplay_environment::EnvironmentError;

/// Why an evaluation, or a comparison of two, has no result. `E` is the sampler's own error.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum EvalError<E: std::error::Error + 'static = Infallible> {
    /// Nothing to evaluate.
    #[error("there are no problems to evaluate; expected at least one")]
    NoItems,
    /// A setting that cannot be followed.
    #[error("evaluation setting `{setting}` is {found}; expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The sampler failed.
    #[error("sampling problems {from} to {to} failed: {source}")]
    Sampler {
        /// The first problem of the batch, counted from zero.
        from: usize,
        /// The last one.
        to: usize,
        /// Why.
        #[source]
        source: E,
    },
    /// The sampler gave another number of completions than it was asked for.
    #[error("the sampler gave {found} {what} for problems {from} to {to}; expected {expected}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// The first problem of the batch, counted from zero.
        from: usize,
        /// The last one.
        to: usize,
        /// How many were asked for.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// The environment has no score for a completion.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A record could not be written.
    #[error("the record of problem {id} could not be written: {source}")]
    Record {
        /// The problem's id.
        id: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Two evaluations that are not of the same problems.
    #[error(
        "the evaluations cannot be paired: problem {position} is {left} on the left and {right} on the right; expected two evaluations of the same problems in the same order"
    )]
    Unpaired {
        /// The position at which they differ.
        position: usize,
        /// The id at that position on the left, or that there is none.
        left: String,
        /// The id at that position on the right, or that there is none.
        right: String,
    },
    /// Two evaluations whose completions were accepted by different rules.
    #[error(
        "the evaluations cannot be paired: the left one is at level {left}, the right one at level {right}; evaluate both at one level"
    )]
    Levels {
        /// The level on the left.
        left: String,
        /// The level on the right.
        right: String,
    },
    /// More problems at which two evaluations differ than are named.
    #[error(
        "the evaluations cannot be paired: {more} more problems differ, {differing} of {problems} in all"
    )]
    MoreUnpaired {
        /// How many are not named.
        more: usize,
        /// How many differ.
        differing: usize,
        /// How many problems the longer evaluation has.
        problems: usize,
    },
    /// Two evaluations that put the same problems in different bands.
    #[error(
        "the evaluations cannot be compared by band: problem {position} (id {id}) is in {left} on the left and in {right} on the right, and so are {more} more problems in different bands; evaluate both with the same bands"
    )]
    BandsDiffer {
        /// The position of the first such problem.
        position: usize,
        /// Its id.
        id: u64,
        /// Its band on the left.
        left: String,
        /// Its band on the right.
        right: String,
        /// How many more problems there are.
        more: usize,
    },
    /// Two evaluations at different temperatures of sampling.
    #[error(
        "the left evaluation is at temperature {left}, the right one at {right}: a lower temperature alone raises pass@1 and lowers pass@k; compare at one temperature"
    )]
    Temperatures {
        /// The temperature on the left, `greedy`, or `-` where it is not known.
        left: String,
        /// That on the right.
        right: String,
    },
    /// What is wrong in the evaluations of a training seed.
    #[error("seed {seed}: {source}")]
    InSeed {
        /// The seed.
        seed: u64,
        /// What is wrong.
        #[source]
        source: Box<EvalError>,
    },
    /// Training seeds that have some problems in common, and some not.
    #[error(
        "seeds {} and {} have {common} of {} and {} problems in common; expected the same problems in the same order for all seeds (`[evaluate] seed`), or problems of its own for each",
        seeds[0], seeds[1], problems[0], problems[1]
    )]
    SharedProblems {
        /// The two seeds.
        seeds: [u64; 2],
        /// How many problems they have in common.
        common: usize,
        /// How many problems each has.
        problems: [usize; 2],
    },
    /// Two problems with one id.
    #[error(
        "the problems {first} and {second} both have the id {id}; expected an id of its own for each problem"
    )]
    RepeatedId {
        /// The id.
        id: u64,
        /// The first problem with it, counted from zero.
        first: usize,
        /// The second one.
        second: usize,
    },
    /// The evaluation does not have the pass@k that was asked for.
    #[error(
        "pass@{k} cannot be computed from {completions} completions per problem; expected k from 1 to {completions}, so choose another k or draw more completions"
    )]
    TooFewCompletions {
        /// The k that was asked for.
        k: u32,
        /// The number of completions per problem.
        completions: u32,
    },
}
