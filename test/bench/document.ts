/** docs/performance.md, as the bench writes it. */
import { limitText, remark, round, verdict, type Figure } from './figure.ts';
import { inWords, type Machine } from './machine.ts';

const introduction = `# Performance

Written by \`npm run bench -- --write\`; do not edit. Machines differ: a ratio in one run holds where an absolute figure means little. Everything that is
compared is run in turn (direct, nginx, infra, direct, …), and figures are medians. *Direct* is the same request straight to what stands behind,
*nginx* is Debian's nginx as a reverse proxy with client certificates. CPU is that of the proxy's own processes; a *light* upstream costs next to
nothing, so that the ceiling of what is before it shows. A budget must be held; a goal is where we want to be.`;

export function performanceDocument(figures: readonly Figure[], machine: Machine, at: Date): string {
  const lines = figures.map((figure) =>
    tableRow([
      figure.what,
      `${round(figure.value)} ${figure.unit}`.trim(),
      limitText(figure.budget),
      limitText(figure.goal),
      verdict(figure),
      remark(figure),
    ]),
  );
  return [
    introduction,
    '',
    `Measured on ${at.toISOString().slice(0, 10)}: ${inWords(machine)}; load before ${machine.load.map((value) => value.toFixed(1)).join(', ')}.`,
    '',
    tableRow(['What', 'Measured', 'Budget', 'Goal', 'Verdict', 'Beside it']),
    tableRow(['---', '---', '---', '---', '---', '---']),
    ...lines,
    '',
  ].join('\n');
}

const tableRow = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
