//! Two texts compared line by line: what only one of them has, in order.

/// Texts of more lines are only told to differ: the table of the comparison grows with their product.
const MOST: usize = 2_000;

/// Lines that only one has, each with its sign; none where a text is too long, or the two differ in no line.
pub fn compared<'a>(old: &'a str, new: &'a str) -> Vec<(char, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    if old.len().max(new.len()) > MOST {
        return Vec::new();
    }
    // The longest run of lines that both have, from here to the end of each.
    let mut longest = vec![vec![0_u16; new.len() + 1]; old.len() + 1];
    for o in (0..old.len()).rev() {
        for n in (0..new.len()).rev() {
            longest[o][n] =
                if old[o] == new[n] { longest[o + 1][n + 1] + 1 } else { longest[o + 1][n].max(longest[o][n + 1]) };
        }
    }
    let (mut o, mut n, mut lines) = (0, 0, Vec::new());
    while o < old.len() || n < new.len() {
        if o < old.len() && n < new.len() && old[o] == new[n] {
            (o, n) = (o + 1, n + 1);
        } else if n == new.len() || (o < old.len() && longest[o + 1][n] >= longest[o][n + 1]) {
            lines.push(('-', old[o]));
            o += 1;
        } else {
            lines.push(('+', new[n]));
            n += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_differ_are_told() {
        let told = |old, new| {
            let lines = compared(old, new).into_iter();
            lines.map(|(sign, line)| format!("{sign}{line}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("a\nb\nc", "a\nb\nc\n"), "");
        assert_eq!(told("a\nb\nc", "a\nx\nc"), "-b +x");
        assert_eq!(told("", "a\nb"), "+a +b");
        assert_eq!(told("a\nb\nc\nd", "b\nd\ne"), "-a -c +e");
        let long = "x\n".repeat(MOST + 1);
        assert_eq!(told(&long, "y"), "");
    }
}
