//! Tickets as teams: parties stay together, the sizes are exact, the ratings as even as can be.

use super::waiting::Slot;
use crate::caps;

/// A ticket, as far as teams are concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) slot: Slot,
    pub(super) people: usize,
    /// The mean of its people's.
    pub(super) rating: f64,
}

#[derive(Debug, Clone, Default)]
struct Team {
    parts: Vec<Part>,
    left: usize,
    /// The sum of its people's ratings.
    sum: f64,
}

impl Team {
    fn add(&mut self, part: Part) {
        self.left = self.left.saturating_sub(part.people);
        self.sum += weight(part);
        self.parts.push(part);
    }

    fn take_back(&mut self) {
        if let Some(part) = self.parts.pop() {
            self.left += part.people;
            self.sum -= weight(part);
        }
    }
}

/// Divides tickets into teams of these sizes; none, that cannot be done. The largest parties choose first, then the
/// strongest, each the team that is weakest so far; then equal parties change sides while that evens the teams.
pub(super) fn divide(mut parts: Vec<Part>, sizes: &[usize]) -> Option<Vec<Vec<Slot>>> {
    if parts.iter().map(|part| part.people).sum::<usize>() != sizes.iter().sum::<usize>() {
        return None;
    }
    parts.sort_by(|a, b| {
        (b.people.cmp(&a.people)).then(b.rating.total_cmp(&a.rating)).then(a.slot.cmp(&b.slot))
    });
    let empty = |&left: &usize| Team { left, ..Team::default() };
    let mut teams: Vec<Team> = sizes.iter().map(empty).collect();
    let mut steps = caps::GROUP_STEPS;
    if !seat(&parts, &mut teams, &mut steps) {
        return None;
    }
    even(&mut teams);
    let slots = |team: Team| team.parts.iter().map(|part| part.slot).collect();
    Some(teams.into_iter().map(slots).collect())
}

fn seat(parts: &[Part], teams: &mut [Team], steps: &mut usize) -> bool {
    let Some((&part, rest)) = parts.split_first() else {
        return true;
    };
    let mut order: Vec<usize> = (0..teams.len()).collect();
    let key = |nth: &usize| teams.get(*nth).map_or((0.0, 0), |team| (team.sum, team.left));
    order.sort_by(|a, b| key(a).0.total_cmp(&key(b).0).then(key(b).1.cmp(&key(a).1)));
    for nth in order {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        let Some(team) = teams.get_mut(nth).filter(|team| team.left >= part.people) else {
            continue;
        };
        team.add(part);
        if seat(rest, teams, steps) {
            return true;
        }
        if let Some(team) = teams.get_mut(nth) {
            team.take_back();
        }
    }
    false
}

/// Parties of one size change sides while the strongest and the weakest team come nearer.
fn even(teams: &mut [Team]) {
    for _ in 0..caps::SEATS {
        let rank = |best: bool| {
            let order = |a: &&Team, b: &&Team| a.sum.total_cmp(&b.sum);
            let found = if best { teams.iter().max_by(order) } else { teams.iter().min_by(order) };
            found.and_then(|found| teams.iter().position(|team| std::ptr::eq(team, found)))
        };
        let (Some(strong), Some(weak)) = (rank(true), rank(false)) else {
            return;
        };
        let Ok([high, low]) = teams.get_disjoint_mut([strong, weak]) else {
            return;
        };
        let apart = high.sum - low.sum;
        let mut best: Option<(f64, usize, usize)> = None;
        for (i, x) in high.parts.iter().enumerate() {
            for (j, y) in low.parts.iter().enumerate().filter(|(_, y)| y.people == x.people) {
                let after = (apart - 2.0 * (weight(*x) - weight(*y))).abs();
                if after + 1e-9 < best.map_or(apart, |best| best.0) {
                    best = Some((after, i, j));
                }
            }
        }
        let Some((_, i, j)) = best else { return };
        if let (Some(x), Some(y)) = (high.parts.get_mut(i), low.parts.get_mut(j)) {
            let moved = weight(*x) - weight(*y);
            std::mem::swap(x, y);
            high.sum -= moved;
            low.sum += moved;
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn weight(part: Part) -> f64 {
    part.rating * part.people as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parties as people and rating; the teams that come of it as their sums.
    fn check(parts: &[(usize, f64)], sizes: &[usize], expected: Option<&[f64]>) {
        let parts: Vec<Part> =
            (0..).zip(parts).map(|(slot, &(people, rating))| Part { slot, people, rating }).collect();
        let teams = divide(parts.clone(), sizes);
        let sums = teams.map(|teams| {
            let sum = |team: &Vec<Slot>| {
                let of = |slot: &Slot| weight(parts[*slot as usize]);
                team.iter().map(of).sum::<f64>()
            };
            let mut sums: Vec<f64> = teams.iter().map(sum).collect();
            sums.sort_by(f64::total_cmp);
            sums
        });
        assert_eq!(sums.as_deref(), expected);
    }

    #[test]
    fn the_strong_are_divided() {
        let four = [(1, 10.0), (1, 20.0), (1, 30.0), (1, 40.0)];
        check(&four, &[2, 2], Some(&[50.0, 50.0]));
        let odd = [(1, 10.0), (1, 10.0), (1, 10.0), (1, 50.0)];
        check(&odd, &[2, 2], Some(&[20.0, 60.0]));
    }

    #[test]
    fn parties_stay_together_and_sizes_are_exact() {
        let parties = [(2, 10.0), (1, 10.0), (2, 30.0), (1, 10.0)];
        check(&parties, &[3, 3], Some(&[30.0, 70.0]));
        check(&[(2, 1.0), (2, 1.0), (2, 1.0)], &[3, 3], None);
        check(&[(3, 1.0), (1, 1.0)], &[3, 3], None);
        check(&[(3, 1.0), (1, 1.0)], &[4], Some(&[4.0]));
    }
}
