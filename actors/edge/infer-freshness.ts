/**
 * How fresh the features of an infer answer were, in the one form that the Open Inference Protocol has room for:
 * `parameters` of single values. Over all rows; `/v1` and NATS say it row by row.
 */
import type { Freshness } from '../../cluster/catalog/row-freshness.ts';

type Parameter = readonly [name: string, value: number | string];

/**
 * `applied_seq`, `everywhere_seq` and `as_of_ms`: the least of any row; `age_ms`: the greatest; `defaulted` and
 * `expired`: names, by comma. None for models without features.
 */
export function freshnessParameters(rows: readonly Freshness[]): readonly Parameter[] {
  const [first] = rows;
  if (first === undefined) return NONE;
  let { appliedSeq, everywhereSeq, asOfMs, ageMs } = first;
  let [defaulted, expired] = [first.defaulted, first.expired];
  if (rows.length > 1) {
    for (const row of rows) {
      appliedSeq = Math.min(appliedSeq, row.appliedSeq);
      if (everywhereSeq !== null) everywhereSeq = Math.min(everywhereSeq, row.everywhereSeq ?? 0);
      asOfMs = Math.min(asOfMs, row.asOfMs);
      if (row.ageMs !== null) ageMs = Math.max(ageMs ?? 0, row.ageMs);
    }
    defaulted = [...new Set(rows.flatMap((row) => row.defaulted))];
    expired = [...new Set(rows.flatMap((row) => row.expired))];
  }
  const parameters: Parameter[] = [
    ['applied_seq', appliedSeq],
    ['as_of_ms', asOfMs],
  ];
  if (everywhereSeq !== null) parameters.push(['everywhere_seq', everywhereSeq]);
  if (ageMs !== null) parameters.push(['age_ms', ageMs]);
  if (defaulted.length > 0) parameters.push(['defaulted', defaulted.join(',')]);
  if (expired.length > 0) parameters.push(['expired', expired.join(',')]);
  return parameters;
}

/** The same as a JSON object; empty text where there are none. Names of views and features are plain ASCII. */
export function freshnessParametersJson(rows: readonly Freshness[]): string {
  let text = '';
  for (const [name, value] of freshnessParameters(rows)) {
    text += `${text === '' ? '{' : ','}"${name}":${typeof value === 'string' ? `"${value}"` : value}`;
  }
  return text === '' ? '' : `${text}}`;
}

const NONE: readonly Parameter[] = [];
