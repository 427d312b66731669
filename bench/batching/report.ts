/** Writes comparisons as Markdown for people and as flat numbers for machines. */
import { bestRival, type Comparison, keepsUpWithBound, keepsUpWithRivals, type Ran } from './compare.ts';
import { TRACE_MEANING, type TraceName } from './traces.ts';

/** Goodput of everybody: a row a trace and curve, rivals as best / with defaults. */
export function goodputTable(comparisons: readonly Comparison[]): string {
  const systems = comparisons[0]?.rivals.map((rival) => rival.system) ?? [];
  const lines = [
    row(['trace', 'device', 'bound', 'Dovetail', ...systems, 'of best rival', 'of bound', 'verdict']),
    row(['---', '---', '---:', '---:', ...systems.map(() => '---:'), '---:', '---:', '---']),
  ];
  for (const comparison of comparisons) {
    const { goodput } = comparison.ours.figures;
    lines.push(
      row([
        comparison.trace,
        comparison.curve,
        percent(comparison.bound),
        `**${percent(goodput)}**`,
        ...comparison.rivals.map(
          ({ best, withDefaults }) => `${percent(best.figures.goodput)} / ${percent(withDefaults.figures.goodput)}`,
        ),
        ratio(goodput, bestRival(comparison).best.figures.goodput),
        ratio(goodput, comparison.bound),
        verdictOf(comparison),
      ]),
    );
  }
  return lines.join('\n');
}

/** More of each system on each trace: latency, batches, what became of the others. */
export function detailTable(comparisons: readonly Comparison[]): string {
  const lines = [
    row([
      'trace',
      'device',
      'system',
      'goodput',
      'worst model',
      'p50 ms',
      'p99 ms',
      'mean batch',
      'refused early',
      'after ms (p50)',
      'answered late',
      'ran too late',
      'parameters',
    ]),
    row(['---', '---', '---', ...Array.from({ length: 9 }, () => '---:'), '---']),
  ];
  for (const comparison of comparisons) {
    const line = (system: string, { figures, parameters }: Ran): string =>
      row([
        comparison.trace,
        comparison.curve,
        system,
        percent(figures.goodput),
        percent(figures.worstModel),
        figures.p50Ms.toFixed(1),
        figures.p99Ms.toFixed(1),
        figures.batchRowsMean.toFixed(1),
        percent(figures.refusedEarly),
        figures.refusedP50Ms.toFixed(1),
        percent(figures.answeredLate),
        percent(figures.ranTooLate),
        parameters,
      ]);
    lines.push(line('**Dovetail**', comparison.ours));
    for (const { system, best, withDefaults } of comparison.rivals) {
      lines.push(line(`${system}, best`, best));
      if (withDefaults !== best) lines.push(line(`${system}, default`, withDefaults));
    }
  }
  return lines.join('\n');
}

/** What the traces are, and how the rule of the report came out. */
export function summary(comparisons: readonly Comparison[]): string {
  const lines = [...new Set(comparisons.map(({ trace }) => trace))].map(
    (name: TraceName) => `- ${name}: ${TRACE_MEANING[name]}`,
  );
  const count = comparisons.length;
  const rivals = comparisons.filter(keepsUpWithRivals).length;
  const bound = comparisons.filter(keepsUpWithBound).length;
  lines.push(
    '',
    `Best, or within 1 % of the best rival, on ${rivals} of ${count}; within 5 % of the bound on ${bound}.`,
  );
  return lines.join('\n');
}

/** One flat object of numbers: `sim_<trace>_<curve>_<figure>`, all ratios to the best rival or the bound. */
export function flatNumbers(comparisons: readonly Comparison[]): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const comparison of comparisons) {
    const prefix = `sim_${comparison.trace.replaceAll('-', '_')}_${comparison.curve}`;
    const { figures } = comparison.ours;
    numbers[`${prefix}_goodput`] = figures.goodput;
    numbers[`${prefix}_bound`] = comparison.bound;
    numbers[`${prefix}_best_rival`] = bestRival(comparison).best.figures.goodput;
    numbers[`${prefix}_p50_ms`] = figures.p50Ms;
    numbers[`${prefix}_p99_ms`] = figures.p99Ms;
    numbers[`${prefix}_batch_rows_mean`] = figures.batchRowsMean;
    numbers[`${prefix}_answered_late`] = figures.answeredLate;
    numbers[`${prefix}_ran_too_late`] = figures.ranTooLate;
    for (const { system, best, withDefaults } of comparison.rivals) {
      const name = system.toLowerCase().replaceAll(' ', '_');
      numbers[`${prefix}_${name}_best`] = best.figures.goodput;
      numbers[`${prefix}_${name}_default`] = withDefaults.figures.goodput;
    }
  }
  numbers['sim_within_1_percent_of_best_rival'] = share(comparisons, keepsUpWithRivals);
  numbers['sim_within_5_percent_of_bound'] = share(comparisons, keepsUpWithBound);
  return numbers;
}

function verdictOf(comparison: Comparison): string {
  const short = [];
  if (!keepsUpWithRivals(comparison)) short.push(`loses to ${bestRival(comparison).system}`);
  if (!keepsUpWithBound(comparison)) short.push('more than 5 % below the bound');
  return short.length === 0 ? 'holds' : short.join('; ');
}

function share(comparisons: readonly Comparison[], holds: (comparison: Comparison) => boolean): number {
  return comparisons.length === 0 ? 0 : comparisons.filter(holds).length / comparisons.length;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function percent(value: number): string {
  return (100 * value).toFixed(1);
}

function ratio(value: number, of: number): string {
  return of === 0 ? '-' : (value / of).toFixed(3);
}
