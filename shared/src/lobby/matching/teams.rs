//! Division of tickets into teams: parties stay together, sizes are exact, and ratings are balanced.

use crate::limits;
use crate::lobby::matching::index::Slot;

/// The data of a ticket that the division needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lobby) struct TeamTicket {
    pub(in crate::lobby) slot: Slot,
    pub(in crate::lobby) players: usize,
    /// The mean rating of the members.
    pub(in crate::lobby) rating: f64,
}

#[derive(Debug, Clone, Default)]
struct Team {
    tickets: Vec<TeamTicket>,
    left: usize,
    /// The sum of the members' ratings.
    sum: f64,
}

impl Team {
    fn add(&mut self, ticket: TeamTicket) {
        self.left = self.left.saturating_sub(ticket.players);
        self.sum += weight(ticket);
        self.tickets.push(ticket);
    }

    fn remove_last(&mut self) {
        if let Some(ticket) = self.tickets.pop() {
            self.left += ticket.players;
            self.sum -= weight(ticket);
        }
    }
}

/// Divides tickets into teams of these sizes; `None` if that is impossible. The largest parties choose first,
/// then the strongest, each the team that is weakest so far. Then parties of equal size change sides while
/// that balances the teams. The search ends after `limits::GROUP_STEPS_MAX` steps.
pub(in crate::lobby) fn divide(mut tickets: Vec<TeamTicket>, sizes: &[usize]) -> Option<Vec<Vec<Slot>>> {
    if tickets.iter().map(|ticket| ticket.players).sum::<usize>() != sizes.iter().sum::<usize>() {
        return None;
    }
    tickets.sort_by(|a, b| {
        (b.players.cmp(&a.players)).then(b.rating.total_cmp(&a.rating)).then(a.slot.cmp(&b.slot))
    });
    let empty = |&left: &usize| Team { left, ..Team::default() };
    let mut teams: Vec<Team> = sizes.iter().map(empty).collect();
    let mut steps = limits::GROUP_STEPS_MAX;
    if !assign(&tickets, &mut teams, &mut steps) {
        return None;
    }
    balance(&mut teams);
    let slots = |team: Team| team.tickets.iter().map(|ticket| ticket.slot).collect();
    Some(teams.into_iter().map(slots).collect())
}

fn assign(tickets: &[TeamTicket], teams: &mut [Team], steps: &mut usize) -> bool {
    let Some((&ticket, rest)) = tickets.split_first() else {
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
        let Some(team) = teams.get_mut(nth).filter(|team| team.left >= ticket.players) else {
            continue;
        };
        team.add(ticket);
        if assign(rest, teams, steps) {
            return true;
        }
        if let Some(team) = teams.get_mut(nth) {
            team.remove_last();
        }
    }
    false
}

/// Exchanges parties of equal size while that brings the strongest and the weakest team closer together.
fn balance(teams: &mut [Team]) {
    for _ in 0..limits::SEATS_MAX {
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
        let gap = high.sum - low.sum;
        let mut best: Option<(f64, usize, usize)> = None;
        for (i, x) in high.tickets.iter().enumerate() {
            for (j, y) in low.tickets.iter().enumerate().filter(|(_, y)| y.players == x.players) {
                let after = (gap - 2.0 * (weight(*x) - weight(*y))).abs();
                if after + 1e-9 < best.map_or(gap, |best| best.0) {
                    best = Some((after, i, j));
                }
            }
        }
        let Some((_, i, j)) = best else { return };
        if let (Some(x), Some(y)) = (high.tickets.get_mut(i), low.tickets.get_mut(j)) {
            let moved = weight(*x) - weight(*y);
            std::mem::swap(x, y);
            high.sum -= moved;
            low.sum += moved;
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn weight(ticket: TeamTicket) -> f64 {
    ticket.rating * ticket.players as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the rating sums of the teams. Each ticket is given as its number of players and their rating.
    fn check(tickets: &[(usize, f64)], sizes: &[usize], expected: Option<&[f64]>) {
        let tickets: Vec<TeamTicket> = (0..)
            .zip(tickets)
            .map(|(slot, &(players, rating))| TeamTicket { slot, players, rating })
            .collect();
        let teams = divide(tickets.clone(), sizes);
        let sums = teams.map(|teams| {
            let sum = |team: &Vec<Slot>| {
                let of = |slot: &Slot| weight(tickets[*slot as usize]);
                team.iter().map(of).sum::<f64>()
            };
            let mut sums: Vec<f64> = teams.iter().map(sum).collect();
            sums.sort_by(f64::total_cmp);
            sums
        });
        assert_eq!(sums.as_deref(), expected);
    }

    #[test]
    fn strong_tickets_are_spread_over_the_teams() {
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
