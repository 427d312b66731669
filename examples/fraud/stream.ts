/**
 * A payment stream to learn from: the same seed gives the same payments, whatever machine and whatever length is asked
 * (a longer stream starts with the shorter one). No real data is behind it; README.md says what is assumed.
 *
 * Day by day, everyone pays as they are used to, with the odd trip, new telephone and row of small purchases, which
 * look a little like fraud. Among it, three kinds of fraud: accounts taken over, cards tested in bursts, single use of
 * a stolen card.
 */
import { below, type Random, seededRandom } from '../../cluster/random.ts';
import { chance, exponential, normal, poisson, uniform } from '../support/distributions.ts';
import { DAY_MS, type FraudKind, HOUR_MS, hourOf, MINUTE_MS, type Payment } from './payment.ts';
import { drawPopulation, type Population, type User } from './population.ts';

export type StreamOptions = {
  readonly seed: number;
  /** Default 2000. */
  readonly users?: number;
  /** Default 300. */
  readonly merchants?: number;
  /** Unix epoch of the first instant. */
  readonly startMs: number;
  readonly days: number;
};

export const STREAM_DEFAULTS = { users: 2000, merchants: 300 } as const;

/** Habits that are honest and yet look odd, per user and day. */
const TRIP_STARTS_PER_DAY = 0.006;
const NEW_DEVICE_DAY = 0.004;
const SMALL_PURCHASE_RUN_PER_DAY = 0.012;
const STRAY_NEW_DEVICE = 0.01;
const STRAY_ABROAD = 0.006;

/** Fraud, per active user and day (card testing: attacks per thousand users and day). */
const TAKEOVERS_PER_DAY = 0.0011;
const STOLEN_CARDS_PER_DAY = 0.0008;
const TESTING_ATTACKS_PER_1000 = 0.35;

type Draft = Omit<Payment, 'payment_id' | 'hour'>;

/** What a user carries from one day to the next. */
type Situation = { tripDaysLeft: number; newDevicePayments: number };

/** Payments in order of time, each instant different, from `startMs` until `days` later. */
export function* paymentStream(options: StreamOptions): Generator<Payment, void, undefined> {
  const random = seededRandom(options.seed);
  const population = drawPopulation(
    random,
    options.users ?? STREAM_DEFAULTS.users,
    options.merchants ?? STREAM_DEFAULTS.merchants,
  );
  const situations = population.users.map((): Situation => ({ tripDaysLeft: 0, newDevicePayments: 0 }));
  let carried: Draft[] = [];
  let count = 0;
  let lastMs = options.startMs - 1;

  for (let day = 0; day < options.days; day++) {
    const dayMs = options.startMs + day * DAY_MS;
    const drafts = carried;
    population.users.forEach((user, index) => {
      if (day < user.joinDay) return;
      drawHabits(random, population, user, situations[index]!, dayMs, drafts);
    });
    drawFraud(random, population, day, dayMs, drafts);

    const endMs = dayMs + DAY_MS;
    carried = drafts.filter((draft) => draft.ts_ms >= endMs);
    const due = drafts.filter((draft) => draft.ts_ms < endMs).sort((a, b) => a.ts_ms - b.ts_ms);
    for (const draft of due) {
      lastMs = Math.max(draft.ts_ms, lastMs + 1);
      count += 1;
      yield { ...draft, payment_id: `p${count}`, ts_ms: lastMs, hour: hourOf(lastMs) };
    }
  }
}

function drawHabits(
  random: Random,
  population: Population,
  user: User,
  situation: Situation,
  dayMs: number,
  drafts: Draft[],
): void {
  if (situation.tripDaysLeft > 0) situation.tripDaysLeft -= 1;
  else if (chance(random, TRIP_STARTS_PER_DAY)) situation.tripDaysLeft = 2 + below(random, 8);
  if (chance(random, NEW_DEVICE_DAY)) situation.newDevicePayments = 1 + below(random, 3);
  const isAway = situation.tripDaysLeft > 0;

  const times = Array.from({ length: poisson(random, user.paymentsPerDay * (isAway ? 1.5 : 1)) }, () =>
    atHour(dayMs, normal(random, user.peakHour, user.hourDeviation)),
  ).sort((a, b) => a - b);
  for (const tsMs of times) {
    const usesNewDevice = situation.newDevicePayments > 0;
    if (usesNewDevice) situation.newDevicePayments -= 1;
    const atFavourite = !isAway && chance(random, user.favouriteShare);
    const merchant = atFavourite ? favourite(random, user) : population.drawMerchant(random);
    const stretch = chance(random, 0.04) ? uniform(random, 0.8, 2.2) : 0; // now and then, something big
    drafts.push(
      honest(population, user, merchant, tsMs, {
        amountLog: normal(random, user.amountLog + stretch + (isAway ? 0.3 : 0), user.amountLogDeviation),
        abroad: chance(random, isAway ? 0.85 : STRAY_ABROAD),
        newDevice: usesNewDevice || chance(random, STRAY_NEW_DEVICE),
      }),
    );
  }

  if (chance(random, SMALL_PURCHASE_RUN_PER_DAY)) {
    // Tickets, parking, extra lives in a game: several small payments within minutes, quite honestly.
    const merchant = chance(random, 0.5) ? favourite(random, user) : population.drawMerchant(random);
    let tsMs = atHour(dayMs, normal(random, user.peakHour, user.hourDeviation));
    for (let left = 2 + below(random, 4); left > 0; left--) {
      drafts.push({
        ...honest(population, user, merchant, tsMs, { amountLog: 0, abroad: isAway, newDevice: false }),
        amount: cents(uniform(random, 0.8, 8)),
      });
      tsMs += Math.floor(exponential(random, 5 * MINUTE_MS));
    }
  }
}

/** The instant within the day that starts at `dayMs` (at any hour) at which a clock in UTC shows `hour` (any number). */
function atHour(dayMs: number, hour: number): number {
  const offset = (hour * HOUR_MS - dayMs) % DAY_MS;
  return dayMs + Math.floor(offset < 0 ? offset + DAY_MS : offset);
}

function favourite(random: Random, user: User): number {
  // The square leans towards the front of the list.
  return user.favourites[Math.floor(random.next() ** 2 * user.favourites.length)]!;
}

function honest(
  population: Population,
  user: User,
  merchantIndex: number,
  tsMs: number,
  how: { amountLog: number; abroad: boolean; newDevice: boolean },
): Draft {
  const merchant = population.merchants[merchantIndex]!;
  return {
    user_id: user.id,
    merchant_id: merchant.id,
    amount: cents(Math.exp(how.amountLog + merchant.priceLog)),
    ts_ms: tsMs,
    country_mismatch: how.abroad,
    new_device: how.newDevice,
    online: merchant.online,
    is_fraud: false,
    fraud_kind: null,
  };
}

function cents(amount: number): number {
  return Math.max(0.5, Math.round(amount * 100) / 100);
}

function drawFraud(random: Random, population: Population, day: number, dayMs: number, drafts: Draft[]): void {
  const userCount = population.users.length;
  const steal = (
    kind: FraudKind,
    user: User,
    merchantIndex: number,
    tsMs: number,
    how: { amountLog: number; abroad: boolean; newDevice: boolean },
  ): void => {
    drafts.push({ ...honest(population, user, merchantIndex, tsMs, how), is_fraud: true, fraud_kind: kind });
  };
  /** A user who is already active, by exposure. */
  const victim = (): User => {
    for (;;) {
      const user = population.users[population.drawVictim(random)]!;
      if (user.joinDay <= day) return user;
    }
  };

  for (let left = poisson(random, TAKEOVERS_PER_DAY * userCount); left > 0; left--) {
    const user = victim();
    const hour = chance(random, 0.5) ? uniform(random, 0, 6) : uniform(random, 6, 24);
    const [abroad, newDevice] = [chance(random, 0.35), chance(random, 0.55)];
    const greed = normal(random, 0.8, 0.5);
    let tsMs = atHour(dayMs, hour);
    for (let more = 2 + below(random, 6); more > 0; more--) {
      const amountLog = normal(random, user.amountLog + greed, 0.6);
      steal('takeover', user, population.drawTarget(random), tsMs, { amountLog, abroad, newDevice });
      tsMs += Math.floor(exponential(random, 35 * MINUTE_MS)) + 20_000;
    }
  }

  for (let left = poisson(random, STOLEN_CARDS_PER_DAY * userCount); left > 0; left--) {
    const user = victim();
    const amountLog = normal(random, user.amountLog + 0.5, 0.8);
    const how = { amountLog, abroad: chance(random, 0.25), newDevice: chance(random, 0.4) };
    steal('stolen_card', user, population.drawTarget(random), atHour(dayMs, uniform(random, 0, 24)), how);
  }

  for (let left = poisson(random, (TESTING_ATTACKS_PER_1000 * userCount) / 1000); left > 0; left--) {
    // A list of cards is tried at one shop, a few small payments each, to see which still work.
    const merchantIndex = population.drawOnlineTarget(random);
    const startMs = atHour(dayMs, uniform(random, 0, 24));
    const abroad = chance(random, 0.3);
    for (let cards = 2 + below(random, 5); cards > 0; cards--) {
      const user = victim();
      const newDevice = chance(random, 0.35);
      let tsMs = startMs + Math.floor(uniform(random, 0, 20 * MINUTE_MS));
      for (let tries = 2 + below(random, 5); tries > 0; tries--) {
        steal('card_testing', user, merchantIndex, tsMs, { amountLog: 0, abroad, newDevice });
        const last = drafts.length - 1;
        drafts[last] = { ...drafts[last]!, amount: cents(uniform(random, 0.5, 7)) };
        tsMs += Math.floor(exponential(random, 1.5 * MINUTE_MS)) + 2_000;
      }
      if (chance(random, 0.3)) {
        const amountLog = normal(random, user.amountLog + 1, 0.5);
        tsMs += Math.floor(uniform(random, 5, 60) * MINUTE_MS);
        steal('card_testing', user, population.drawTarget(random), tsMs, { amountLog, abroad, newDevice });
      }
    }
  }
}
