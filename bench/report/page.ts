import type { Comparison, Distribution, PartResult, ResultTable } from "../lib/results.ts";
import { barChart, cumulativeChart } from "./charts.ts";
import { escapeHtml } from "./html.ts";
import { cellText, short } from "./table.ts";
import type { BenchReport } from "./bench-report.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #667; --line: #d5d9e0; --own: #2563eb; --rival: #9aa3b2; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ec; --paper: #14171c; --soft: #9aa3b2; --line: #313742; --own: #6aa1ff; --rival: #5b6472; --good: #4ade80; --bad: #f87171; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } .soft { color: var(--soft); } .met { color: var(--good); } .missed { color: var(--bad); }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .soft { fill: var(--soft); } svg .rule { stroke: var(--line); } svg .range { stroke: var(--ink); } svg .own { fill: var(--own); } svg .rival { fill: var(--rival); }`;

function comparisonSection(comparison: Comparison): string {
  const rows = comparison.contenders.map(
    ({ name, cost, ratio }) =>
      `<tr><td>${escapeHtml(name)}</td><td class="number">${short(cost.median)}</td><td class="number soft">${short(cost.min)} .. ${short(cost.max)}</td><td class="number">${short(ratio.median)}</td><td class="number soft">${short(ratio.min)} .. ${short(ratio.max)}</td></tr>`,
  );
  return `<h3>${escapeHtml(comparison.title)}</h3>
${barChart(comparison)}
<table><tr><th></th><th class="number">${escapeHtml(comparison.unit)}</th><th class="number">range</th><th class="number">ratio</th><th class="number">range</th></tr>${rows.join("")}</table>
<p class="soft">${comparison.contenders[0]?.cost.count ?? 0} paired rounds; baseline against itself ${short(comparison.sameAgainstSame)}.</p>`;
}

function distributionSection(group: string, distributions: readonly Distribution[]): string {
  const rows = distributions.map(
    ({ title, quantiles, count }) =>
      `<tr><td>${escapeHtml(title)}</td>${[quantiles.p50, quantiles.p90, quantiles.p99, quantiles.max].map((value) => `<td class="number">${short(value)}</td>`).join("")}<td class="number soft">${count}</td></tr>`,
  );
  const unit = distributions[0]?.unit ?? "";
  return `<h3>${escapeHtml(group)}</h3>
${cumulativeChart(distributions)}
<table><tr><th>${escapeHtml(unit)}</th><th class="number">p50</th><th class="number">p90</th><th class="number">p99</th><th class="number">max</th><th class="number">samples</th></tr>${rows.join("")}</table>`;
}

function tableSection({ title, columns, rows }: ResultTable): string {
  const line = (tag: "th" | "td", cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag} class="number">${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<h3>${escapeHtml(title)}</h3>
<table>${line("th", columns)}${rows.map((row) => line("td", row.map(cellText))).join("")}</table>`;
}

function partSection(part: PartResult): string {
  const groups = Map.groupBy(part.distributions, ({ group }) => group);
  const figures = part.figures.map(
    ({ title, value, unit }) =>
      `<tr><td>${escapeHtml(title)}</td><td class="number">${short(value)}</td><td>${escapeHtml(unit)}</td></tr>`,
  );
  const checks = part.checks.map(
    ({ title, detail, isHeld }) =>
      `<li class="${isHeld ? "met" : "missed"}">${isHeld ? "holds" : "fails"}: ${escapeHtml(title)} <span class="soft">(${escapeHtml(detail)})</span></li>`,
  );
  return `<h2>${escapeHtml(part.part)}</h2>
${checks.length > 0 ? `<ul>${checks.join("")}</ul>` : ""}
${[...groups].map(([group, distributions]) => distributionSection(group, distributions)).join("\n")}
${part.comparisons.map(comparisonSection).join("\n")}
${part.tables.map(tableSection).join("\n")}
${figures.length > 0 ? `<h3>Figures</h3><table>${figures.join("")}</table>` : ""}
${part.notes.map((note) => `<p class="soft">${escapeHtml(note)}</p>`).join("\n")}`;
}

/** The run as one page without any reference to the outside. */
export function reportPage(report: BenchReport): string {
  const { machine, calibration, goals, parts } = report;
  const started = new Date(report.startedAtMs).toISOString().slice(0, 16).replace("T", " ");
  const goalRows = goals.map(
    ({ id, goal, measured, verdict }) =>
      `<tr><td>${id}</td><td class="${verdict}">${verdict}</td><td>${escapeHtml(measured)}</td><td class="soft">${escapeHtml(goal)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>smc-quant bench</title><style>${STYLE}</style></head><body>
<h1>smc-quant bench</h1>
<p class="soft">${started} UTC${report.isQuick ? ", quick run" : ""}. ${escapeHtml(machine.cpu)}${machine.isVirtual ? " (virtual)" : ""}, ${machine.cores} cores, ${escapeHtml(machine.kernel)}, node ${machine.node}, load ${short(machine.load)}.
Calibration kernel ${short(calibration.kernelBestUs)} us at best, ${short(calibration.kernelWorstUs)} at worst; ${calibration.repeated} slow measurements repeated, ${calibration.keptThoughSlow} kept.</p>
<p>Ratios are the result: contenders run in turn, round by round, on one machine. Absolute times belong to this machine and this hour.</p>
<h2>Goals</h2><table><tr><th></th><th></th><th>measured</th><th>goal</th></tr>${goalRows.join("")}</table>
${parts.map(partSection).join("\n")}
</body></html>
`;
}
