/** Runs contenders by turns, so that a machine that slows down during the bench slows all of them. */

/** One measured run of one contender: its figures by name. */
export type Contender = { readonly name: string; run(durationMs: number): Promise<Readonly<Record<string, number>>> };

/** Figures of every round by `contender.figure`, index = round. */
export type RoundFigures = ReadonlyMap<string, readonly number[]>;

/**
 * `rounds` rounds of every contender, in turn and every other round backwards, after one longer round that is not
 * counted (compilers and caches warm up in it).
 */
export async function byTurns(
  contenders: readonly Contender[],
  rounds: number,
  durationMs: number,
): Promise<RoundFigures> {
  const figures = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) {
      const result = await contender.run(round < 0 ? durationMs * 1.5 : durationMs);
      if (round < 0) continue;
      for (const [figure, value] of Object.entries(result)) {
        const key = `${contender.name}.${figure}`;
        const values = figures.get(key) ?? [];
        values.push(value);
        figures.set(key, values);
      }
    }
  }
  return figures;
}
