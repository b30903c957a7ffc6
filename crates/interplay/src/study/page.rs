//! The page of a study, made from its results alone.

use interplay_eval::temperature_name;
use interplay_report::{Block, LinePlot, Page, Scale, Section, Series};

use super::bars;
use super::completions;
use super::curves::Curve;
use super::effect::Level;
use super::results::{ArmResult, StudyResults};
use super::tables::{self, Rows};

impl StudyResults {
    /// The results as one self-contained page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        let page = Page {
            title: format!("interplay study: {}", self.name),
            subtitle: self.question.clone(),
            facts: vec![
                ("seeds".into(), seeds.join(", ")),
                ("device".into(), self.device.clone()),
                (
                    "evaluation".into(),
                    format!(
                        "{} completions per problem at temperature {}, level {}; greedy decoding draws one",
                        self.completions, self.temperature, self.level
                    ),
                ),
                ("bands".into(), self.bands_text()),
            ],
            sections: self.sections(),
        };
        page.to_html()
    }

    /// The plots of the page as SVG files: their names, such as `verified-pass-k-edge-band.svg`, and contents.
    #[must_use]
    pub fn figures(&self) -> Vec<(String, String)> {
        let blocks = self
            .sections()
            .into_iter()
            .flat_map(|section| section.blocks);
        let figures = blocks.filter_map(|block| match block {
            Block::Plot(plot) => Some((file_name(&plot.title), plot.to_svg())),
            Block::Bars(plot) => Some((file_name(&plot.title), plot.to_svg())),
            _ => None,
        });
        figures.collect()
    }

    fn bands_text(&self) -> String {
        let band = |name: &str| match self.bands[name] {
            [only, last] if only == last => format!("{name} op {only}"),
            [first, last] => format!("{name} op {first}-{last}"),
        };
        let bands: Vec<String> = self.band_names().into_iter().map(band).collect();
        bands.join(", ")
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            Section::new("What separates the arms")
                .text(self.explanation())
                .table_of(tables::effects(self)),
            Section::new("What each arm reaches")
                .text(
                    "Means over seeds, percent, with 95 % intervals over seeds and problems. Right answers by wrong \
                     steps are the difference between answer and verified.",
                )
                .table_of(tables::levels(self)),
            bars::levels(self),
            self.pass_curves(),
            self.by_op(),
        ];
        sections.extend(bars::outcomes(self));
        sections.extend(self.training());
        sections.extend(self.predictors());
        sections.extend(completions::section(self));
        sections.push(
            Section::new("Each seed")
                .text("Differences in points, seed by seed.")
                .table_of(tables::by_seed(self)),
        );
        sections.push(
            Section::new("What each arm costs")
                .text("Tokens of the arm's own stage, means over seeds; prompts count as sampled.")
                .table_of(tables::costs(self)),
        );
        sections
    }

    /// What the first table says.
    fn explanation(&self) -> String {
        let tests: usize = self.comparisons.iter().map(|one| one.effects.len()).sum();
        let seeds = self.seeds.len();
        let over = match seeds {
            1 => "One seed: a trial, whose intervals are over problems alone, not over what another seed would give. "
                .to_owned(),
            _ => format!("{seeds} seeds answer the same problems; intervals are over seeds and problems. "),
        };
        format!(
            "Points of verified pass@k that B has more than A, with 95 % intervals. {over}p is corrected for all {tests} \
             differences of the table (Holm). Extended: pass@k at the largest k rose, and B \
             newly solves more problems than luck explains; sharpened: what A could do has become likelier; narrowed: \
             pass@k at the largest k fell. Newly solved: of the problems that A never solved, the share that B solves, \
             and what luck would give."
        )
    }

    /// pass@k by k, one plot a band.
    fn pass_curves(&self) -> Section {
        let main = temperature_name(Some(self.temperature));
        let mut section = Section::new("Sharpening or extending").text(
            "Where a line rises above that of the model it started from at k = 1 and falls below it at large k, training \
             sharpened what the model could do already; where it stays above, it extended it.",
        );
        for band in self.band_names() {
            let series = self.arms.iter().filter_map(|arm| {
                let group = arm.group(&main, band)?;
                let levels = group.verified.iter();
                let levels: Vec<_> = levels.map(|level| (f64::from(level.k), level)).collect();
                Some(self.series(arm, &levels))
            });
            section.blocks.push(Block::Plot(LinePlot {
                title: format!("Verified pass@k, {band} band"),
                x_label: "k".into(),
                y_label: "verified pass@k".into(),
                x_scale: Scale::Log2,
                y_range: Some((0.0, 1.0)),
                series: series.collect(),
            }));
        }
        section
    }

    /// Verified at the first and the last k by op.
    fn by_op(&self) -> Section {
        let main = temperature_name(Some(self.temperature));
        let mut section = Section::new("By difficulty")
            .text("Op is the number of operations that an answer needs.");
        for (which, pick) in [
            ("the first k", <[Level]>::first as Pick),
            ("the last k", <[Level]>::last),
        ] {
            let series = self.arms.iter().map(|arm| {
                let groups = arm.levels.get(&main).into_iter().flatten();
                let levels: Vec<(f64, &Level)> = groups
                    .filter_map(|group| {
                        let op: f64 = group.group.strip_prefix("op ")?.parse().ok()?;
                        Some((op, pick(&group.verified)?))
                    })
                    .collect();
                self.series(arm, &levels)
            });
            let series: Vec<Series> = series.collect();
            let k = self.arms.iter().find_map(|arm| {
                let group = arm.levels.get(&main)?.first()?;
                pick(&group.verified).map(|level| level.k)
            });
            let name = k.map_or(which.to_owned(), |k| format!("pass@{k}"));
            section.blocks.push(Block::Plot(LinePlot {
                title: format!("Verified {name} by op"),
                x_label: "op".into(),
                y_label: format!("verified {name}"),
                x_scale: Scale::Linear,
                y_range: Some((0.0, 1.0)),
                series,
            }));
        }
        section
    }

    /// The curves of training that more than one arm has, one plot a metric.
    fn training(&self) -> Option<Section> {
        let titles = [
            ("reward", "Mean reward of the rollouts", "reward"),
            ("verified", "Share of rollouts that are verified", "share"),
            (
                "reward_hacking",
                "Share of rollouts with a right answer by wrong steps",
                "share",
            ),
            ("entropy", "Entropy of the policy", "nats"),
            (
                "frac_reward_zero_std",
                "Share of groups that are all right or all wrong",
                "share",
            ),
            ("loss_nats", "Loss of next-token stages", "nats"),
        ];
        let mut blocks = Vec::new();
        for (metric, title, unit) in titles {
            let series = self.arms.iter().filter_map(|arm| {
                let curve = arm.curves.iter().find(|curve| curve.metric == metric)?;
                Some(self.of_curve(arm, curve))
            });
            let series: Vec<Series> = series.collect();
            if !series.is_empty() {
                blocks.push(Block::Plot(LinePlot {
                    title: title.into(),
                    x_label: "step".into(),
                    y_label: unit.into(),
                    x_scale: Scale::Linear,
                    y_range: None,
                    series,
                }));
            }
        }
        let text = "Means over seeds of steps that lie together.";
        (!blocks.is_empty()).then(|| Section {
            heading: "Training".into(),
            text: text.into(),
            blocks,
        })
    }

    /// What predicts the gain of RL.
    fn predictors(&self) -> Option<Section> {
        let arms = self.predictors.first()?.arms;
        let text = format!(
            "Over the {arms} arms of RL, within seeds: Spearman's rho of what is known of the model before RL with what RL \
             gains. Positive: the more of it, the larger the gain. Problems never solved are counted in one half of a band, \
             the gain in the other. Seeds in which either number is the same in all arms are left out. p by permutation \
             within seeds, and corrected for the number of rows. Arms differ in more than these numbers, so a correlation \
             is no cause."
        );
        let section = Section::new("What predicts the gain").text(text);
        Some(section.table_of(tables::predictors(self)))
    }

    /// The levels of an arm along an axis.
    fn series(&self, arm: &ArmResult, levels: &[(f64, &Level)]) -> Series {
        let ends = levels.iter().map(|(_, level)| (level.low, level.high));
        Series {
            name: arm.arm.to_string(),
            points: levels.iter().map(|(x, level)| (*x, level.mean)).collect(),
            band: self.is_clear().then(|| ends.collect()),
        }
    }

    fn of_curve(&self, arm: &ArmResult, curve: &Curve) -> Series {
        let steps = curve.steps.iter().map(|step| *step as f64);
        let ends = curve.low.iter().copied().zip(curve.high.iter().copied());
        Series {
            name: arm.arm.to_string(),
            points: steps.zip(curve.mean.iter().copied()).collect(),
            band: self.is_clear().then(|| ends.collect()),
        }
    }

    /// Whether a plot stays readable with an interval around each line.
    fn is_clear(&self) -> bool {
        self.arms.len() <= 4
    }
}

/// The file of a figure: its title in small letters, with a hyphen for everything else.
fn file_name(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    format!("{}.svg", words.join("-"))
}

/// One of the levels of a group.
type Pick = fn(&[Level]) -> Option<&Level>;

/// Adds a table whose first row is its head.
trait TableOf {
    fn table_of(self, rows: Rows) -> Self;
}

impl TableOf for Section {
    fn table_of(self, mut rows: Rows) -> Self {
        if rows.is_empty() {
            return self;
        }
        let head = rows.remove(0);
        self.table(head, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_named_after_their_titles() {
        assert_eq!(
            file_name("Verified pass@k, edge band"),
            "verified-pass-k-edge-band.svg"
        );
    }
}
