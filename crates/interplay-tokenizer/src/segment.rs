//! A model text cut into special tokens and the plain text between them.

use crate::marks::{Absorbs, Mark};

/// A piece of a model text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// A special token, by its identifier, and which white space it absorbs.
    Tag(u32, Absorbs),
    /// The text between two special tokens.
    Text(&'a str),
}

/// Cuts a text at the names of these special tokens, at the longest where several begin. Linear in its length.
pub(crate) fn cut<'a, 'm>(
    text: &'a str,
    marks: impl Iterator<Item = &'m Mark>,
) -> Vec<Segment<'a>> {
    let marks: Vec<&Mark> = marks.filter(|mark| !mark.name.is_empty()).collect();
    let mut first: Vec<char> = marks
        .iter()
        .filter_map(|mark| mark.name.chars().next())
        .collect();
    first.sort_unstable();
    first.dedup();
    let mut segments = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some((step, letter)) = text[at..]
        .char_indices()
        .find(|(_, one)| first.contains(one))
    {
        at += step;
        let here = marks
            .iter()
            .filter(|mark| text[at..].starts_with(&mark.name));
        match here.max_by_key(|mark| mark.name.len()) {
            Some(mark) => {
                if start < at {
                    segments.push(Segment::Text(&text[start..at]));
                }
                segments.push(Segment::Tag(mark.id, mark.absorbs));
                at += mark.name.len();
                start = at;
            }
            None => at += letter.len_utf8(),
        }
    }
    if start < text.len() {
        segments.push(Segment::Text(&text[start..]));
    }
    segments
}

/// Leaves to each special token the white space that it absorbs.
pub(crate) fn absorb(segments: &mut [Segment<'_>]) {
    for i in 0..segments.len() {
        let Segment::Text(mut text) = segments[i] else {
            continue;
        };
        if let Some(Segment::Tag(_, absorbs)) = i.checked_sub(1).map(|before| segments[before])
            && absorbs.after
        {
            text = text.trim_start();
        }
        if let Some(Segment::Tag(_, absorbs)) = segments.get(i + 1)
            && absorbs.before
        {
            text = text.trim_end();
        }
        segments[i] = Segment::Text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::NAMES;

    /// The ten special tokens with their indices as identifiers.
    fn marks(before: bool) -> Vec<Mark> {
        let absorbs = Absorbs {
            before,
            after: false,
        };
        let mark = |(name, id): (&&str, u32)| Mark {
            name: (*name).to_owned(),
            id,
            absorbs,
            silent: false,
            in_problems: true,
        };
        NAMES.iter().zip(0..).map(mark).collect()
    }

    #[test]
    fn cuts_at_tags_and_at_nothing_else() {
        let marks = marks(false);
        let tag = |id| Segment::Tag(id, Absorbs::default());
        let cut = |text| cut(text, marks.iter());
        assert_eq!(
            cut("[BOS]<question> a < b [x] </question>"),
            [tag(0), tag(4), Segment::Text(" a < b [x] "), tag(5)]
        );
        assert_eq!(cut("é<é"), [Segment::Text("é<é")]);
        assert_eq!(cut(""), []);
    }

    #[test]
    fn a_longer_name_goes_before_its_beginning() {
        let mut marks = marks(false);
        marks[1].name = "<question>s".into();
        marks[2].name = String::new();
        let tag = |id| Segment::Tag(id, Absorbs::default());
        let found = cut("<question>s<question> s", marks.iter());
        assert_eq!(found, [tag(1), tag(4), Segment::Text(" s")]);
    }

    #[test]
    fn a_tag_absorbs_the_space_before_it() {
        let marks = marks(true);
        let mut segments = cut("<question> a </question> b", marks.iter());
        absorb(&mut segments);
        let texts = segments.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(*text),
            Segment::Tag(..) => None,
        });
        assert_eq!(texts.collect::<Vec<_>>(), [" a", " b"]);
    }
}
