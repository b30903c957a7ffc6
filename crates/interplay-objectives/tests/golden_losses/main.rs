//! The loss against TRL 1.16.0's and verl 0.9.1's own numbers, to 1e-5: loss, gradient by the policy's
//! log-probabilities and by the entropies, weights of the correction, metrics.
//!
//! Every case of `tests/golden/{trl_loss,verl_loss,verl_kl}.json` is either compared or counted with the reason
//! why it has no counterpart; the tests assert both counts, and an unknown setting or metric fails them.
//! `cargo test -p interplay-objectives --test golden_losses -- --nocapture` shows the lists.
//!
//! Where a library leaves a quantity unbounded that is bounded here (the logarithm of a ratio at 20), the token
//! is taken out of our loss, and the library's value at it is worked out in the test and added: the rest of the
//! batch is compared as it is. It happens in the batch `extreme` alone.

mod data;
mod trl;
mod verl;
mod verl_kl;
