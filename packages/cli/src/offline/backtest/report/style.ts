/** The page's style: one column, light or dark as the reader's system is, figures that stand under each other. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2024; --soft: #5c6670; --rule: #dfe3e8; --tile: #f5f7f9;
  --line: #1f5fbf; --area: #1f5fbf22; --gain: #0f766e; --loss: #b93815; --warn: #fff3e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e9ec; --soft: #9aa4ae; --rule: #2e353c;
  --tile: #1d2226; --line: #7fb0ff; --area: #7fb0ff2e; --gain: #4fc3b5; --loss: #ff8a65; --warn: #3a2a14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
p { margin: .5rem 0; max-width: 44rem; }
.note, .none, footer { color: var(--soft); font-size: .875rem; }
footer { margin: 2.25rem 0 1rem; }
.warn { background: var(--warn); border-left: 4px solid var(--loss); padding: .5rem .75rem; max-width: none; }
.gain { color: var(--gain); } .loss { color: var(--loss); }
.big { font-size: 1.35rem; font-weight: 600; margin: .5rem 0 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; margin: 1rem 0; }
dl div { background: var(--tile); border-radius: .4rem; padding: .5rem .75rem; min-width: 0; }
.span { grid-column: 1 / -1; }
dt { color: var(--soft); font-size: .8125rem; } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; min-width: min(100%, 30rem); }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 500; }
.text { text-align: left; } .figure { text-align: right; white-space: nowrap; }
th small { display: block; color: var(--soft); font-size: .8125rem; font-weight: 400; max-width: 34rem; }
td .hash { font-family: ui-monospace, monospace; font-size: .75rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } figcaption { font-size: .875rem; font-weight: 500; margin-bottom: .5rem; }
.plot { display: grid; grid-template-columns: 3.75rem 1fr; grid-template-rows: 11rem 1.5rem; padding-right: 2.25rem; }
.plot svg { width: 100%; height: 100%; grid-column: 2; grid-row: 1; overflow: visible; }
.y, .x { position: relative; color: var(--soft); font-size: .75rem; line-height: 1; }
.y { grid-column: 1; grid-row: 1; } .x { grid-column: 2; grid-row: 2; }
.y span { position: absolute; right: .5rem; transform: translateY(-50%); white-space: nowrap; }
.x span { position: absolute; top: .6rem; transform: translateX(-50%); white-space: nowrap; }
svg line, svg polyline { vector-effect: non-scaling-stroke; fill: none; }
svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--soft); }
svg .limit { stroke: var(--loss); stroke-dasharray: 6 4; }
svg .line { stroke: var(--line); stroke-width: 1.5; } svg .area { fill: var(--area); }
svg .gain { fill: var(--gain); } svg .loss { fill: var(--loss); }
@media (max-width: 40rem) { th, td { padding-right: .5rem; } .x span:nth-child(even) { display: none; } }
@media (max-width: 24rem) { main { padding: .75rem; } table { font-size: .8125rem; } th, td { padding-right: .35rem; } }
`;
