//! The five dashboards: is it well, the journey of players, the edge, the region, and the cost.

use serde_json::json;

use super::panel::{Kind, Panel, Query};
use super::{Board, Source};
use crate::cost::Prices;
use crate::ops::cost;
use crate::ops::region::{Graph, Region};
use crate::ops::rules::bad_share;
use crate::ops::slo::Slo;
use crate::ops::span::Span;

/// The days of the budget that is shown.
const BUDGET: Span = Span::from_secs(3 * 86_400);

/// Returns all dashboards.
pub(super) fn all(slo: &Slo, prices: &Prices, region: &Region) -> Vec<Board> {
    vec![well(slo), journey(), edge(slo), of_region(region), money(prices)]
}

/// The objectives, what is left of their budgets, and what fires.
fn well(slo: &Slo) -> Board {
    let left = |objective: &crate::ops::slo::Objective| {
        let share = format!("max({}{{slo=\"{}\"}})", bad_share(BUDGET), objective.name);
        let budget = crate::ops::query::number(objective.budget());
        Panel::number(
            &format!("Budget used: {}", objective.name),
            "percentunit",
            &format!("{share} / {budget}"),
        )
        .about(&format!(
            "{} The share of the budget that {BUDGET} used, if they were the whole time: 1 is all of it.",
            objective.question
        ))
        .red_from(1.0)
    };
    let mut panels: Vec<Panel> = slo.objectives.iter().map(left).collect();
    panels.push(
        Panel::number("Alerts", "short", "count(ALERTS{alertstate=\"firing\"}) or vector(0)")
            .about("Alerts that fire now.")
            .red_from(1.0),
    );
    for objective in &slo.objectives {
        let share = |burn: &crate::ops::slo::Burn| {
            let text = format!(
                "{}{{slo=\"{}\"}} / {}",
                bad_share(burn.short),
                objective.name,
                crate::ops::query::number(objective.budget())
            );
            let pool = objective.by.as_ref().map_or_else(String::new, |label| format!(" {{{{{label}}}}}"));
            Query::new(&text, &format!("{}{pool}", burn.short))
        };
        let mut panel = Panel::lines(&format!("Burn rate: {}", objective.name), "short", &[])
            .about(&format!("{} How many times faster than allowed the budget is used.", objective.question));
        panel.queries = slo.burns.iter().map(share).collect();
        panel.limit = slo.burns.iter().map(|burn| burn.factor).reduce(f64::max);
        panels.push(panel);
    }
    Board {
        file: "ops/grafana/well.json",
        title: "Matchpoint: is it well?",
        from: "now-6h",
        source: Source::Prometheus,
        panels,
    }
}

/// From the opening to the end of a match.
fn journey() -> Board {
    let wait = "sum by (le, pool) (rate(matchpoint_match_wait_seconds_bucket[$__rate_interval]))";
    let panels = vec![
        Panel::number("Online", "short", "matchpoint_players_active").about("Distinct players of the last 10 to 20 minutes."),
        Panel::number("Queued", "short", "sum(matchpoint_queue_tickets)"),
        Panel::number("Oldest ticket", "s", "max(matchpoint_queue_oldest_seconds)").red_from(600.0),
        Panel::number("Matches a minute", "short", "sum(rate(matchpoint_matches_total[5m])) * 60"),
        Panel::number("Rooms", "short", "matchpoint_rooms"),
        Panel::number("Sockets", "short", "sum(matchpoint_sockets)"),
        Panel::lines(
            "Wait for a match",
            "s",
            &[
                (&format!("histogram_quantile(0.5, {wait})"), "p50 {{pool}}"),
                (&format!("histogram_quantile(0.95, {wait})"), "p95 {{pool}}"),
            ],
        ),
        Panel::lines("Oldest ticket", "s", &[("max by (pool) (matchpoint_queue_oldest_seconds)", "{{pool}}")]),
        Panel::lines("Tickets", "short", &[("sum by (pool) (matchpoint_queue_tickets)", "{{pool}}")]),
        Panel::lines(
            "Matches a minute",
            "short",
            &[("sum by (pool) (rate(matchpoint_matches_total[$__rate_interval])) * 60", "{{pool}}")],
        ),
        Panel::lines("Resumes a second", "short", &[("sum by (result) (rate(matchpoint_resumes_total[$__rate_interval]))", "{{result}}")])
            .about("Clients that came back: all messages, a snapshot, or refused."),
        Panel::lines(
            "Messages a second",
            "short",
            &[("sum by (result) (rate(matchpoint_commands_total[$__rate_interval]))", "{{result}}")],
        ),
        Panel::lines(
            "From acceptance to the last member",
            "s",
            &[
                ("histogram_quantile(0.5, sum by (le) (rate(matchpoint_message_delay_seconds_bucket[$__rate_interval])))", "p50"),
                ("histogram_quantile(0.95, sum by (le) (rate(matchpoint_message_delay_seconds_bucket[$__rate_interval])))", "p95"),
            ],
        )
        .red_from(0.1),
        Panel::lines(
            "Until a message is on disk",
            "s",
            &[("histogram_quantile(0.99, sum by (le) (rate(matchpoint_durable_lag_seconds_bucket[$__rate_interval])))", "p99")],
        ),
    ];
    Board {
        file: "ops/grafana/journey.json",
        title: "Matchpoint: the journey",
        from: "now-3h",
        source: Source::Prometheus,
        panels,
    }
}

/// Requests, refusals, sockets and objects.
fn edge(slo: &Slo) -> Board {
    let up = format!("up{{job=\"{}\"}}", slo.scrape.job);
    let panels = vec![
        Panel::lines("Requests and openings a second", "short", &[("sum by (status) (rate(matchpoint_requests_total[$__rate_interval]))", "{{status}}")])
            .about("101 is an opened socket."),
        Panel::lines("Refusals a second", "short", &[("sum by (code) (rate(matchpoint_refusals_total[$__rate_interval]))", "{{code}}")]),
        Panel::lines(
            "Duration of requests",
            "s",
            &[("histogram_quantile(0.95, sum by (le, route) (rate(matchpoint_request_duration_seconds_bucket[$__rate_interval])))", "{{route}}")],
        )
        .red_from(0.5),
        Panel::lines(
            "Requests to the region",
            "s",
            &[("histogram_quantile(0.95, sum by (le) (rate(matchpoint_region_request_seconds_bucket[$__rate_interval])))", "p95")],
        )
        .red_from(0.5),
        Panel::lines("Sockets", "short", &[("sum by (kind) (matchpoint_sockets)", "{{kind}}")]),
        Panel::lines(
            "Unread bytes of a socket",
            "bytes",
            &[("histogram_quantile(0.99, sum by (le) (rate(matchpoint_unread_bytes_bucket[$__rate_interval])))", "p99")],
        ),
        Panel::lines("Clients closed for not reading, a minute", "short", &[("sum(rate(matchpoint_slow_closed_total[$__rate_interval])) * 60", "closed")]),
        Panel::lines("Refused by rate limits, a second", "short", &[("sum by (what) (rate(matchpoint_rate_limited_total[$__rate_interval]))", "{{what}}")]),
        Panel::lines("Frames of clients a second", "short", &[("sum by (class) (rate(matchpoint_object_frames_total[$__rate_interval]))", "{{class}}")]),
        Panel::lines("Rows written a second", "short", &[("sum by (class) (rate(matchpoint_object_rows_written_total[$__rate_interval]))", "{{class}}")]),
        Panel::lines("Objects awake", "short", &[("sum by (class) (rate(matchpoint_object_awake_milliseconds_total[$__rate_interval])) / 1000", "{{class}}")])
            .about("Objects that could not sleep, on average."),
        Panel::lines("Profile reads a second", "short", &[("sum by (how) (rate(matchpoint_reads_total[$__rate_interval]))", "{{how}}")]),
        Panel::lines(
            "Until the region confirms a call",
            "s",
            &[("histogram_quantile(0.99, sum by (le) (rate(matchpoint_outbox_age_seconds_bucket[$__rate_interval])))", "p99")],
        ),
        Panel::lines("Scrapes", "short", &[(&up, "up")]),
    ];
    Board {
        file: "ops/grafana/edge.json",
        title: "Matchpoint: the edge",
        from: "now-3h",
        source: Source::Prometheus,
        panels,
    }
}

/// The graphs of the region, by searches in `CloudWatch`: a dashboard of Grafana does not know the names of a stack's resources.
fn of_region(region: &Region) -> Board {
    Board {
        file: "ops/grafana/region.json",
        title: "Matchpoint: the region",
        from: "now-3h",
        source: Source::CloudWatch,
        panels: region.graphs.iter().map(of_graph).collect(),
    }
}

fn of_graph(graph: &Graph) -> Panel {
    let unit = match graph.unit.as_deref() {
        Some("ms") => "ms",
        Some("MB") => "decmbytes",
        _ => "short",
    };
    let dimension =
        graph.by.as_deref().or_else(|| graph.resources.keys().next().map(String::as_str)).unwrap_or_default();
    // Names of functions, tables and queues begin with the stack's; routes and the API's id do not.
    let stack = if matches!(dimension, "route" | "ApiId") { "" } else { " ${stack}" };
    let query = |metric: &String| {
        let search = format!(
            "SEARCH('{{{},{dimension}}} MetricName=\"{metric}\"{stack}', '{}', 60)",
            graph.namespace, graph.stat
        );
        let target = json!({
            "queryMode": "Metrics", "metricQueryType": 0, "metricEditorMode": 1, "region": "default",
            "expression": search, "namespace": graph.namespace, "dimensions": {}, "matchExact": false, "id": "",
        });
        Query { text: search, legend: String::new(), target: Some(target) }
    };
    let mut panel = Panel::lines(&graph.title, unit, &[]);
    panel.queries = graph.metrics.iter().map(query).collect();
    panel
}

/// The cost of today at the edge, by line of the bill.
fn money(prices: &Prices) -> Board {
    let today = cost::lines(prices, "$__range");
    let all = today.iter().map(|line| line.expr.clone()).collect::<Vec<_>>().join(" + ");
    let mut panels = vec![
        Panel::number("Today", "currencyUSD", &all)
            .about("US dollars since midnight, without what the month includes."),
        Panel::number(
            "A message",
            "currencyUSD",
            &format!("({all}) / sum(increase(matchpoint_commands_total[$__range]))"),
        )
        .about("US dollars of today for each command of a client."),
        Panel::number(
            "A match",
            "currencyUSD",
            &format!("({all}) / sum(increase(matchpoint_rooms_opened_total[$__range]))"),
        )
        .about("US dollars of today for each room."),
    ];
    let number = |line: &cost::Line| Panel {
        kind: Kind::Number,
        ..Panel::lines(&line.item, "currencyUSD", &[(&line.expr, "")])
    };
    panels.extend(today.iter().map(number));
    let hourly = cost::lines(prices, "1h");
    let lines: Vec<(&str, &str)> =
        hourly.iter().map(|line| (line.expr.as_str(), line.item.as_str())).collect();
    panels.push(
        Panel::lines("An hour, by line", "currencyUSD", &lines)
            .about("US dollars of the last hour, at each time."),
    );
    panels.push(Panel::lines(
        "Rows written, by class",
        "short",
        &[("sum by (class) (rate(matchpoint_object_rows_written_total[1h]))", "{{class}}")],
    ));
    Board {
        file: "ops/grafana/money.json",
        title: "Matchpoint: what does it cost?",
        from: "now/d",
        source: Source::Prometheus,
        panels,
    }
}
