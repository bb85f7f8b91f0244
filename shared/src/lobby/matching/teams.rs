//! Division of tickets into teams: parties stay together, sizes are exact, and ratings are balanced.

use crate::limits;
use crate::lobby::matching::rows::Slot;

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
/// then the strongest, each the team that is weakest so far. Then tickets change sides while that balances the teams.
/// In small matches all divisions are compared. The first division ends after `limits::GROUP_STEPS_MAX` steps.
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
    if sizes.len() > 1 {
        balance(&mut teams);
        if tickets.len() <= limits::TEAM_EXACT_MAX {
            teams = Exact::best(&tickets, sizes, teams);
        }
    }
    let slots = |team: Team| team.tickets.iter().map(|ticket| ticket.slot).collect();
    Some(teams.into_iter().map(slots).collect())
}

/// Returns true if tickets of these numbers of players can be divided into teams of these sizes, within the same
/// limit.
pub(in crate::lobby) fn can_divide(mut players: Vec<usize>, sizes: &[usize]) -> bool {
    if players.iter().all(|&players| players == 1) {
        return players.len() == sizes.iter().sum::<usize>();
    }
    if players.iter().sum::<usize>() != sizes.iter().sum::<usize>() {
        return false;
    }
    players.sort_unstable_by(|a, b| b.cmp(a));
    let ticket = |(slot, players)| TeamTicket { slot, players, rating: 0.0 };
    let tickets: Vec<TeamTicket> = (0..).zip(players).map(ticket).collect();
    let mut teams: Vec<Team> = sizes.iter().map(|&left| Team { left, ..Team::default() }).collect();
    assign(&tickets, &mut teams, &mut { limits::GROUP_STEPS_MAX })
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

/// Returns the imbalance of teams: the sum of the squares of their rating sums. It is least where all are equal.
fn imbalance(teams: &[Team]) -> f64 {
    teams.iter().map(|team| team.sum * team.sum).sum()
}

/// Exchanges parties of equal size between any two teams, the best exchange first, while that balances the teams.
fn balance(teams: &mut [Team]) {
    for _ in 0..limits::TEAM_PASSES_MAX {
        let mut best: Option<(f64, [usize; 2], [usize; 2])> = None;
        for (a, strong) in teams.iter().enumerate() {
            for (b, weak) in teams.iter().enumerate().filter(|(_, it)| it.sum < strong.sum) {
                let gap = strong.sum - weak.sum;
                for (i, x) in strong.tickets.iter().enumerate() {
                    for (j, y) in weak.tickets.iter().enumerate().filter(|(_, y)| y.players == x.players) {
                        // The sum of squares falls by this.
                        let moved = weight(*x) - weight(*y);
                        let gain = 2.0 * moved * (gap - moved);
                        if gain > best.map_or(1e-6, |best| best.0) {
                            best = Some((gain, [a, b], [i, j]));
                        }
                    }
                }
            }
        }
        let Some((_, sides, [i, j])) = best else { return };
        let Ok([high, low]) = teams.get_disjoint_mut(sides) else {
            return;
        };
        if let (Some(x), Some(y)) = (high.tickets.get_mut(i), low.tickets.get_mut(j)) {
            let moved = weight(*x) - weight(*y);
            std::mem::swap(x, y);
            high.sum -= moved;
            low.sum += moved;
        }
    }
}

/// The comparison of all divisions of a few tickets.
struct Exact<'a> {
    tickets: &'a [TeamTicket],
    teams: Vec<Team>,
    best: Vec<Team>,
    least: f64,
    steps: usize,
}

impl Exact<'_> {
    /// Returns the most balanced division, or the given one if none is better.
    fn best(tickets: &[TeamTicket], sizes: &[usize], known: Vec<Team>) -> Vec<Team> {
        let least = imbalance(&known);
        let teams = sizes.iter().map(|&left| Team { left, ..Team::default() }).collect();
        let mut search = Exact { tickets, teams, best: known, least, steps: limits::TEAM_STEPS_MAX };
        search.assign(0);
        search.best
    }

    fn assign(&mut self, nth: usize) {
        let Some(&ticket) = self.tickets.get(nth) else {
            let found = imbalance(&self.teams);
            if found + 1e-6 < self.least {
                self.least = found;
                self.best.clone_from(&self.teams);
            }
            return;
        };
        for team in 0..self.teams.len() {
            if self.steps == 0 {
                return;
            }
            let Some((before, rest)) = self.teams.split_at_mut_checked(team) else {
                return;
            };
            let Some(into) = rest.first_mut().filter(|it| it.left >= ticket.players) else {
                continue;
            };
            // Two empty teams of one size are the same choice.
            let same = |it: &Team| it.tickets.is_empty() && it.left == into.left;
            if into.tickets.is_empty() && before.iter().any(same) {
                continue;
            }
            self.steps -= 1;
            into.add(ticket);
            self.assign(nth + 1);
            if let Some(team) = self.teams.get_mut(team) {
                team.remove_last();
            }
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

    /// Returns the least sum of squares over all divisions, by trying each.
    fn least(tickets: &[TeamTicket], left: &mut [usize], sums: &mut [f64]) -> f64 {
        let Some((first, rest)) = tickets.split_first() else {
            return sums.iter().map(|sum| sum * sum).sum();
        };
        let mut best = f64::INFINITY;
        for team in 0..left.len() {
            if left[team] >= first.players {
                left[team] -= first.players;
                sums[team] += weight(*first);
                best = best.min(least(rest, left, sums));
                left[team] += first.players;
                sums[team] -= weight(*first);
            }
        }
        best
    }

    /// Draws a number below the given one.
    type Draw = dyn FnMut(u32) -> u32;

    fn chance(mut seed: u64) -> impl FnMut(u32) -> u32 {
        move |most| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            u32::try_from(seed >> 33).unwrap() % most
        }
    }

    /// Draws tickets that fill the teams; one in `pairs` is a party of two.
    fn drawn(draw: &mut Draw, sizes: &[usize], pairs: u32, rating: fn(&mut Draw) -> u32) -> Vec<TeamTicket> {
        let (mut tickets, mut players) = (Vec::new(), 0);
        let seats: usize = sizes.iter().sum();
        while players < seats {
            let party = if draw(pairs) == 0 && players + 2 <= seats { 2 } else { 1 };
            let slot = Slot::try_from(tickets.len()).unwrap();
            tickets.push(TeamTicket { slot, players: party, rating: f64::from(rating(draw)) });
            players += party;
        }
        tickets
    }

    #[test]
    fn teams_of_a_small_match_are_the_most_balanced_of_all() {
        let mut draw = chance(7);
        for sizes in [&[5, 5][..], &[3, 3, 3], &[2, 2, 2, 2], &[6, 6], &[4, 4]] {
            for _ in 0..20 {
                let tickets = drawn(&mut draw, sizes, 4, |draw| 1000 + draw(1000));
                let Some(teams) = divide(tickets.clone(), sizes) else { continue };
                let sum = |team: &Vec<Slot>| team.iter().map(|it| weight(tickets[*it as usize])).sum::<f64>();
                let got: f64 = teams.iter().map(|team| sum(team).powi(2)).sum();
                let best = least(&tickets, &mut sizes.to_vec(), &mut vec![0.0; sizes.len()]);
                assert!(got <= best * (1.0 + 1e-9), "{sizes:?}: {got} against {best}");
            }
        }
    }

    /// Returns the exchange of two tickets of equal size that would balance the teams, if there is one.
    fn better_exchange(teams: &[Vec<TeamTicket>]) -> Option<(TeamTicket, TeamTicket)> {
        let sum = |team: &[TeamTicket]| team.iter().map(|it| weight(*it)).sum::<f64>();
        for (strong, weak) in teams.iter().flat_map(|one| teams.iter().map(move |other| (one, other))) {
            let gap = sum(strong) - sum(weak);
            for (x, y) in strong.iter().flat_map(|x| weak.iter().map(move |y| (*x, *y))) {
                let moved = weight(x) - weight(y);
                if x.players == y.players && moved > 1.0 && moved + 1.0 < gap {
                    return Some((x, y));
                }
            }
        }
        None
    }

    #[test]
    fn no_exchange_balances_the_teams_of_a_large_match_further() {
        let mut draw = chance(11);
        for sizes in [&[16, 16][..], &[8, 8, 8, 8], &[12, 12]] {
            for _ in 0..20 {
                // Some are far stronger than all others, so that the first division is uneven.
                let rating = |draw: &mut Draw| 1000 + draw(1000) + 2000 * (draw(8) / 7);
                let tickets = drawn(&mut draw, sizes, 6, rating);
                let teams = divide(tickets.clone(), sizes).unwrap();
                let teams: Vec<Vec<TeamTicket>> = teams
                    .iter()
                    .map(|team| team.iter().map(|slot| tickets[*slot as usize]).collect())
                    .collect();
                assert_eq!(better_exchange(&teams), None, "{sizes:?}: {teams:?}");
            }
        }
    }

    #[test]
    fn teams_of_a_large_match_are_nearly_equal() {
        // Within two points a player.
        let tickets: Vec<TeamTicket> = (0..32_u32)
            .map(|slot| TeamTicket { slot, players: 1, rating: f64::from(1000 + slot * slot) })
            .collect();
        for sizes in [&[16, 16][..], &[8, 8, 8, 8]] {
            let teams = divide(tickets.clone(), sizes).unwrap();
            let sum = |team: &Vec<Slot>| team.iter().map(|it| weight(tickets[*it as usize])).sum::<f64>();
            let sums: Vec<f64> = teams.iter().map(sum).collect();
            let (most, least) =
                (sums.iter().copied().fold(0.0, f64::max), sums.iter().copied().fold(1e9, f64::min));
            let players = f64::from(u32::try_from(sizes[0]).unwrap());
            assert!((most - least) / players <= 2.0, "{sums:?}");
        }
    }
}
