//! Reports as one HTML page with tables and plots, without external resources, for light and dark mode.

use std::fmt::Write;

use crate::plot::escape;

/// The style of all reports.
pub(crate) const STYLE: &str = "
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #59636e; --line: #d8dee4; --head: #f3f5f7;
  --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #b0569a; --s4: #8a6d00; --s5: #3a8fb7; --s6: #6b6b6b; --s7: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e4e8ec; --soft: #9aa5b1; --line: #333a42;
  --head: #1d2227; --s0: #56b4e9; --s1: #ff9f55; --s2: #3ad1a4; --s3: #e59bd0; --s4: #f0e442; --s5: #8fd3f4; --s6: #b4bcc4;
  --s7: #ff8a80; } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
  max-width: 84rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } p { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem; text-align: right;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } thead th { background: var(--head); }
.plots { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); }
figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } .grid { stroke: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; }
.legend i { border-radius: 2px; display: inline-block; height: .7rem; margin-right: .4rem; width: .7rem; }
";

/// Returns the whole page.
#[must_use]
pub(crate) fn document(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>{body}</body></html>\n"
    )
}

/// Begins a table with these columns; `</table></div>` ends it.
pub(crate) fn head(body: &mut String, names: &[&str]) {
    body.push_str("<div class=\"wide\"><table><thead><tr>");
    for name in names {
        let _ = write!(body, "<th>{}</th>", escape(name));
    }
    body.push_str("</tr></thead>");
}

/// Adds a row.
pub(crate) fn row<'a>(body: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    body.push_str("<tr>");
    for cell in cells {
        let _ = write!(body, "<td>{}</td>", escape(cell));
    }
    body.push_str("</tr>");
}
