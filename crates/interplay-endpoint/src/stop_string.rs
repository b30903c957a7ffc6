//! Which text a completion has that ended at a stop string.
//!
//! Most servers cut the stop string off, but a verifier needs it: without `</answer>` there is no
//! answer. It is put back where it is known to have been written, since `stop` as the reason covers the
//! model's own end, too, and a model that never wrote the tag must not be given it.

use interplay_eval::Completion;

use crate::reply::{Choice, Finish, StopReport};
use crate::spec::EndpointSpec;

/// The completion that a choice is.
pub(crate) fn completion(choice: Choice, spec: &EndpointSpec) -> Completion {
    let mut text = choice.text;
    let stopped = choice.finish == Finish::Stop;
    let has_one = spec.stop.iter().any(|stop| text.contains(stop.as_str()));
    if stopped && !has_one {
        let cut_off = match &choice.stop {
            StopReport::Matched(stop) if spec.stop.contains(stop) => Some(stop),
            StopReport::Unreported if spec.assume_stop_string => spec.stop.first(),
            _ => None,
        };
        text.push_str(cut_off.map_or("", String::as_str));
    }
    Completion { text, stopped }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "</answer>";

    fn text(written: &str, finish: Finish, stop: StopReport, assume: bool) -> String {
        let spec = EndpointSpec {
            stop: vec![TAG.into()],
            assume_stop_string: assume,
            ..EndpointSpec::default()
        };
        let choice = Choice {
            text: written.into(),
            finish,
            stop,
            has_logprobs: false,
        };
        let completion = completion(choice, &spec);
        assert_eq!(completion.stopped, finish == Finish::Stop);
        completion.text
    }

    #[test]
    fn a_stop_string_that_was_cut_off_is_put_back_where_it_is_known() {
        let matched = || StopReport::Matched(TAG.into());
        assert_eq!(text("4 ", Finish::Stop, matched(), false), "4 </answer>");
        assert_eq!(
            text("4 </answer>", Finish::Stop, matched(), false),
            "4 </answer>"
        );
        assert_eq!(text("4 ", Finish::Stop, StopReport::None, true), "4 ");
        assert_eq!(text("4 ", Finish::Length, matched(), true), "4 ");
        let other = StopReport::Matched("\n".into());
        assert_eq!(text("4 ", Finish::Stop, other, true), "4 ");
    }

    #[test]
    fn a_server_that_does_not_tell_is_believed_only_if_the_settings_say_so() {
        assert_eq!(
            text("4 ", Finish::Stop, StopReport::Unreported, false),
            "4 "
        );
        assert_eq!(
            text("4 ", Finish::Stop, StopReport::Unreported, true),
            "4 </answer>"
        );
    }
}
