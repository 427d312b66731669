/** Files of JSON lines: an object a line; empty lines are passed over. */
import { isUtf8 } from 'node:buffer';
import { asServingError } from '../../proto/errors.ts';
import { BatchBuilder, type BatchLimits, type Position, type RowBatch, type RowFile } from './row-file.ts';
import type { TextSource } from './text-source.ts';

/** `rewrite`: what a row is changed to; null where rows go as they are, unparsed. It throws ServingError for a bad row. */
export function jsonlRows(
  source: TextSource,
  rewrite: ((json: string, number: number) => string) | null,
  limits: BatchLimits,
): RowFile {
  return {
    unit: 'line',
    endOffset: source.endOffset,
    batches: (from) => batches(source, rewrite, limits, from),
    close: () => source.close(),
  };
}

async function* batches(
  source: TextSource,
  rewrite: ((json: string, number: number) => string) | null,
  limits: BatchLimits,
  from: Position | null,
): AsyncGenerator<RowBatch> {
  const builder = new BatchBuilder(limits);
  let after: Position | null = null;
  for await (const records of source.records(from, null)) {
    for (const { bytes, number, problem, after: behind } of records) {
      after = behind;
      const text = bytes.toString('utf8');
      if (problem !== null) builder.refuse(number, problem, text);
      else if (!isUtf8(bytes)) builder.refuse(number, 'the line is not UTF-8', text);
      else if (!isBlank(text)) addRow(builder, rewrite, text, number);
      if (builder.full) yield builder.take(behind);
    }
  }
  if (after !== null) yield builder.take(after);
}

function addRow(
  builder: BatchBuilder,
  rewrite: ((json: string, number: number) => string) | null,
  text: string,
  number: number,
): void {
  if (rewrite === null) {
    builder.add(number, text);
    return;
  }
  try {
    builder.add(number, rewrite(text, number));
  } catch (thrown) {
    builder.refuse(number, asServingError(thrown, 'edge').message, text);
  }
}

function isBlank(text: string): boolean {
  return text.charCodeAt(0) !== 0x7b && text.trim() === '';
}
