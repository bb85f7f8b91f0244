//! Who waits, in a row: the next one who still does is found from anywhere in it, fast.

/// Tickets by number, in one order. Who leaves is stepped over from then on.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    order: Vec<usize>,
    /// From each place, one that is not behind the next who is still there; a place more than the line has.
    up: Vec<usize>,
    /// The same the other way, each place counted from 1; 0 is nobody.
    down: Vec<usize>,
}

impl Line {
    pub(super) fn new(order: Vec<usize>) -> Self {
        let places = order.len();
        Self {
            order,
            up: (0..=places).collect(),
            down: (0..=places).collect(),
        }
    }

    /// Who stands there.
    pub(super) fn at(&self, place: usize) -> Option<usize> {
        self.order.get(place).copied()
    }

    /// Who stands there has left.
    pub(super) fn leave(&mut self, place: usize) {
        set(&mut self.up, place, place + 1);
        set(&mut self.down, place + 1, place);
    }

    /// The first place from here on where somebody still is.
    pub(super) fn next(&mut self, place: usize) -> Option<usize> {
        let found = find(&mut self.up, place);
        (found < self.order.len()).then_some(found)
    }

    /// The last place before this one where somebody still is.
    pub(super) fn previous(&mut self, place: usize) -> Option<usize> {
        find(&mut self.down, place).checked_sub(1)
    }

    /// The first place of somebody who is not below, in an order that `below` follows.
    pub(super) fn from(&self, below: impl Fn(usize) -> bool) -> usize {
        self.order.partition_point(|&who| below(who))
    }
}

/// Follows the steps to their end, and makes the way shorter for the next time.
fn find(steps: &mut [usize], from: usize) -> usize {
    let step = |steps: &[usize], at: usize| steps.get(at).copied().unwrap_or(at);
    let mut at = from;
    loop {
        let next = step(steps, at);
        if next == at {
            return at;
        }
        let further = step(steps, next);
        set(steps, at, further);
        at = further;
    }
}

fn set(steps: &mut [usize], at: usize, to: usize) {
    if let Some(step) = steps.get_mut(at) {
        *step = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &[usize], from: usize, next: Option<usize>, previous: Option<usize>) {
        let mut line = Line::new((0..6).collect());
        for &place in left {
            line.leave(place);
        }
        assert_eq!((line.next(from), line.previous(from)), (next, previous));
    }

    #[test]
    fn who_left_is_stepped_over() {
        check(&[], 0, Some(0), None);
        check(&[], 6, None, Some(5));
        check(&[2, 3], 3, Some(4), Some(1));
        check(&[5, 4, 3], 3, None, Some(2));
        check(&[0, 1, 2, 3, 4, 5], 3, None, None);
    }
}
