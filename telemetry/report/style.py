"""How a report looks: calm, dense, in the reader's own light or dark, and on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --base: #ffffff; --panel: #f3f4f6; --ink: #16181b;
  --quiet: #5b6169; --line: #d5d8dc; --accent: #0b6e99; --good: #0a7a52; --bad: #b3261e;
  --warning: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --base: #17191c; --panel: #202327; --ink: #e8eaed;
  --quiet: #a0a7b0; --line: #3a3f46; --accent: #63b8dd; --good: #4cc38a; --bad: #ff8a80;
  --warning: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--base); color: var(--ink);
  font: 14px/1.45 Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 24px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 32px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 14px; margin: 16px 0 4px; }
small { font-weight: 400; font-size: 12px; color: var(--quiet); margin-left: 8px; }
th small { display: block; margin: 0; }
p { margin: 4px 0 8px; max-width: 76ch; }
.quiet, .subtitle { color: var(--quiet); }
.warning { color: var(--warning); } .good { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 24px; margin: 8px 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 8px 0; }
td { white-space: nowrap; }
th, td { padding: 3px 12px 3px 0; text-align: left; vertical-align: top; }
td.text { white-space: normal; overflow-wrap: anywhere; max-width: 56ch; }
td.short { white-space: nowrap; }
th { white-space: normal; }
th { font-weight: 600; border-bottom: 1px solid var(--line); vertical-align: bottom; }
th.number, td.number { text-align: right; }
tbody tr:nth-child(even) { background: var(--panel); }
.bar { display: block; height: 3px; margin: 1px 0 2px auto; background: var(--accent); }
figure { margin: 12px 0; } figcaption { font-size: 12px; color: var(--quiet); }
figcaption b { font-size: 14px; color: var(--ink); margin-right: 8px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px Inter, "Segoe UI", system-ui, sans-serif; fill: var(--quiet); }
.grid { stroke: var(--line); stroke-width: 1; } .frame { fill: none; }
.fan { fill: var(--ink); opacity: .12; stroke: none; }
.median { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.curve { fill: none; stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 12px; margin: 4px 0; }
.legend i { display: inline-block; width: 10px; height: 10px; margin-right: 6px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 0 32px; }
pre { background: var(--panel); padding: 12px; overflow-x: auto; font-size: 12px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { main { max-width: none; padding: 0; } section { break-inside: avoid-page; }
  h2 { break-after: avoid; } body { font-size: 11px; }
  :root { --base: #ffffff; --panel: #f3f4f6; --ink: #000000; --quiet: #444444; --line: #bbbbbb; } }
"""
