/**
 * Which events an entity has taken lately, so that none counts twice. Ids are kept while their event is above the
 * floor; an event at or below it is refused for being late, so its id is not needed. Where there are more ids than the
 * list holds, the oldest events are forgotten and the floor rises to them. Pure.
 */
import { type AggregationPlan, ID_BYTES } from './plan.ts';
import { IDS_OFFSET, type OpenState } from './state.ts';

export type EventId = { readonly eventMs: number; readonly idA: number; readonly idB: number };

/** What becomes of the list: `drop` from its front; the event goes before `place`, −1: not at all. */
export type IdsChange = { readonly drop: number; readonly place: number; readonly floorMs: number };

/** An event without an id carries 0/0. */
export function hasId({ idA, idB }: EventId): boolean {
  return (idA | idB) !== 0;
}

export function isKnown({ view, idsAt, idCount }: OpenState, { idA, idB }: EventId): boolean {
  // Newest first: repetitions mostly follow soon.
  for (let at = idsAt + (idCount - 1) * ID_BYTES; at >= idsAt; at -= ID_BYTES) {
    if (view.getUint32(at, true) === idA && view.getUint32(at + 4, true) === idB) return true;
  }
  return false;
}

/**
 * The list's change by an event that is taken. `newestMs`: of all events, this one included. `state` null: none yet, and
 * then the floor begins at `firstFloorMs` at least.
 */
export function changeIds(
  plan: AggregationPlan,
  state: OpenState | null,
  event: EventId,
  newestMs: number,
  firstFloorMs: number,
): IdsChange {
  const count = state?.idCount ?? 0;
  let floorMs = newestMs - plan.allowedLatenessMs;
  floorMs = Math.max(floorMs, state === null ? firstFloorMs : state.floorMs);
  let drop = countUpTo(state, 0, floorMs);
  let kept = hasId(event) && event.eventMs > floorMs;
  if (kept && count - drop === plan.idsMax) {
    floorMs = Math.min(event.eventMs, idMs(state!, drop));
    drop = countUpTo(state, drop, floorMs);
    kept = event.eventMs > floorMs;
  }
  if (!kept) return { drop, place: -1, floorMs };
  let place = count;
  while (place > drop && idMs(state!, place - 1) > event.eventMs) place--;
  return { drop, place, floorMs };
}

/** Writes the changed list at `at` and its length into the header at `headerAt`; returns where the list ends. */
export function writeIds(
  from: Uint8Array | null,
  state: OpenState | null,
  event: EventId,
  { drop, place }: IdsChange,
  out: Uint8Array,
  view: DataView,
  headerAt: number,
  at: number,
): number {
  const count = state?.idCount ?? 0;
  const split = place === -1 ? count : place;
  let end = at;
  if (state !== null && split > drop) {
    out.set(from!.subarray(state.idsAt + drop * ID_BYTES, state.idsAt + split * ID_BYTES), end);
    end += (split - drop) * ID_BYTES;
  }
  if (place !== -1) {
    view.setUint32(end, event.idA, true);
    view.setUint32(end + 4, event.idB, true);
    view.setFloat64(end + 8, event.eventMs, true);
    end += ID_BYTES;
  }
  if (state !== null && split < count) {
    out.set(from!.subarray(state.idsAt + split * ID_BYTES, state.bucketsAt), end);
    end += (count - split) * ID_BYTES;
  }
  view.setUint32(headerAt + IDS_OFFSET, (end - at) / ID_BYTES, true);
  return end;
}

/** Position of the first id from `from` whose event is later than `timeMs`. */
function countUpTo(state: OpenState | null, from: number, timeMs: number): number {
  let place = from;
  while (state !== null && place < state.idCount && idMs(state, place) <= timeMs) place++;
  return place;
}

function idMs({ view, idsAt }: OpenState, place: number): number {
  return view.getFloat64(idsAt + place * ID_BYTES + 8, true);
}
