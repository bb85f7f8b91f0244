//! The five dashboards: is it well, the journey of players, the edge, the region, and the cost.

use serde_json::json;

use super::panel::{Kind, Panel, Query};
use super::{Board, Source};
use crate::cost::Prices;
use crate::ops::cost;
use crate::ops::query;
use crate::ops::region::{Graph, Region};
use crate::ops::rules::bad_share;
use crate::ops::series::Series;
use crate::ops::slo::{Burn, Objective, Slo};
use crate::ops::span::Span;

/// The days of the budget that is shown.
const BUDGET: Span = Span::from_secs(3 * 86_400);

/// Grafana's variable for the window of a rate.
const INTERVAL: &str = "$__rate_interval";

/// Returns all dashboards.
pub(super) fn all(slo: &Slo, prices: &Prices, region: &Region) -> Vec<Board> {
    vec![well(slo), journey(), edge(slo), of_region(region), money(prices)]
}

/// Returns a panel with the events a second of a series, a line for each value of a label.
fn rates(title: &str, series: &str, label: &str) -> Panel {
    let rate = query::rate(&Series::named(series), Some(label), INTERVAL);
    Panel::lines(title, "short", &[(&rate, &format!("{{{{{label}}}}}"))])
}

/// Returns a panel with quantiles of a histogram, each with its legend.
fn quantiles(
    title: &str,
    unit: &'static str,
    histogram: &str,
    by: Option<&str>,
    quantiles: &[(f64, &str)],
) -> Panel {
    let histogram = Series::named(histogram);
    let line = |(quantile, legend): &(f64, &str)| {
        Query::new(&query::quantile(&histogram, *quantile, by, INTERVAL), legend)
    };
    Panel { queries: quantiles.iter().map(line).collect(), ..Panel::lines(title, unit, &[]) }
}

/// The objectives, what is left of their budgets, and what fires.
fn well(slo: &Slo) -> Board {
    let left = |objective: &Objective| {
        let share = format!("max({}{{slo=\"{}\"}})", bad_share(BUDGET), objective.name);
        let budget = query::number(objective.budget());
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
        let share = |burn: &Burn| {
            let text = format!(
                "{}{{slo=\"{}\"}} / {}",
                bad_share(burn.short),
                objective.name,
                query::number(objective.budget())
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
    let panels = vec![
        Panel::number("Online", "short", "matchpoint_players_active")
            .about("Distinct players of the last 10 to 20 minutes."),
        Panel::number("Queued", "short", "sum(matchpoint_queue_tickets)"),
        Panel::number("Oldest ticket", "s", "max(matchpoint_queue_oldest_seconds)").red_from(600.0),
        Panel::number("Matches a minute", "short", "sum(rate(matchpoint_matches_total[5m])) * 60"),
        Panel::number("Rooms", "short", "matchpoint_rooms"),
        Panel::number("Sockets", "short", "sum(matchpoint_sockets)"),
        quantiles(
            "Wait for a match",
            "s",
            "matchpoint_match_wait_seconds",
            Some("pool"),
            &[(0.5, "p50 {{pool}}"), (0.95, "p95 {{pool}}")],
        ),
        Panel::lines(
            "Oldest ticket",
            "s",
            &[("max by (pool) (matchpoint_queue_oldest_seconds)", "{{pool}}")],
        ),
        Panel::lines("Tickets", "short", &[("sum by (pool) (matchpoint_queue_tickets)", "{{pool}}")]),
        Panel::lines(
            "Matches a minute",
            "short",
            &[("sum by (pool) (rate(matchpoint_matches_total[$__rate_interval])) * 60", "{{pool}}")],
        ),
        rates("Resumes a second", "matchpoint_resumes_total", "result")
            .about("Clients that came back: all messages, a snapshot, or refused."),
        rates("Messages a second", "matchpoint_commands_total", "result"),
        quantiles(
            "From acceptance to the last member",
            "s",
            "matchpoint_message_delay_seconds",
            None,
            &[(0.5, "p50"), (0.95, "p95")],
        )
        .red_from(0.1),
        quantiles(
            "Until a message is on disk",
            "s",
            "matchpoint_durable_lag_seconds",
            None,
            &[(0.99, "p99")],
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
        rates("Requests and openings a second", "matchpoint_requests_total", "status")
            .about("101 is an opened socket."),
        rates("Refusals a second", "matchpoint_refusals_total", "code"),
        quantiles(
            "Duration of requests",
            "s",
            "matchpoint_request_duration_seconds",
            Some("route"),
            &[(0.95, "{{route}}")],
        )
        .red_from(0.5),
        quantiles("Requests to the region", "s", "matchpoint_region_request_seconds", None, &[(0.95, "p95")])
            .red_from(0.5),
        Panel::lines("Sockets", "short", &[("sum by (kind) (matchpoint_sockets)", "{{kind}}")]),
        quantiles("Unread bytes of a socket", "bytes", "matchpoint_unread_bytes", None, &[(0.99, "p99")]),
        Panel::lines(
            "Clients closed for not reading, a minute",
            "short",
            &[("sum(rate(matchpoint_slow_closed_total[$__rate_interval])) * 60", "closed")],
        ),
        rates("Refused by rate limits, a second", "matchpoint_rate_limited_total", "what"),
        rates("Frames of clients a second", "matchpoint_object_frames_total", "class"),
        rates("Rows written a second", "matchpoint_object_rows_written_total", "class"),
        Panel::lines(
            "Objects awake",
            "short",
            &[(
                "sum by (class) (rate(matchpoint_object_awake_milliseconds_total[$__rate_interval])) / 1000",
                "{{class}}",
            )],
        )
        .about("Objects that could not sleep, on average."),
        rates("Profile reads a second", "matchpoint_reads_total", "how"),
        quantiles(
            "Until the region confirms a call",
            "s",
            "matchpoint_outbox_age_seconds",
            None,
            &[(0.99, "p99")],
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
        let search = graph.search(dimension, metric, stack);
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
