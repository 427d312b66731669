/**
 * Who pays and who is paid: the people and merchants of the payment stream, drawn once from the seed.
 * `stream.ts` makes them act. Every distribution here is an assumption of the example, chosen to look like card data.
 */
import { below, type Random } from '../../cluster/random.ts';
import { chance, normal, uniform, weightedSampler } from '../support/distributions.ts';

type Category = {
  /** Share of merchants. */
  readonly share: number;
  /** How much dearer than a person's usual payment, in natural-log units: 0.7 is twice. */
  readonly priceLog: number;
  /** Probability that a merchant of this kind sells online. */
  readonly online: number;
  /** How much thieves like it: resale value, no one looking. */
  readonly appeal: number;
};

const CATEGORIES: readonly Category[] = [
  { share: 0.24, priceLog: 0.2, online: 0.1, appeal: 0.5 }, // groceries
  { share: 0.24, priceLog: 0, online: 0.15, appeal: 0.4 }, // food and drink
  { share: 0.14, priceLog: -1.2, online: 0.2, appeal: 0.4 }, // transport
  { share: 0.2, priceLog: 0.5, online: 0.5, appeal: 1.8 }, // retail
  { share: 0.06, priceLog: 1.3, online: 0.7, appeal: 2.5 }, // travel
  { share: 0.12, priceLog: -0.7, online: 1, appeal: 2.2 }, // digital goods
];

export type Merchant = {
  readonly id: string;
  readonly priceLog: number;
  readonly online: boolean;
  /** Weight by which payers choose it: few are large (Zipf). */
  readonly popularity: number;
  /** Weight by which thieves choose it. */
  readonly appeal: number;
};

export type User = {
  readonly id: string;
  /** First day of activity, counted from the stream's start; most are there from before. */
  readonly joinDay: number;
  readonly paymentsPerDay: number;
  /** Mean and deviation of the natural log of amounts. */
  readonly amountLog: number;
  readonly amountLogDeviation: number;
  /** Payments gather around this hour. */
  readonly peakHour: number;
  readonly hourDeviation: number;
  /** Merchants (by index) for everyday use; the earlier, the more often. */
  readonly favourites: readonly number[];
  readonly favouriteShare: number;
  /** Weight by which thieves get hold of the card. */
  readonly exposure: number;
};

export type Population = {
  readonly merchants: readonly Merchant[];
  readonly users: readonly User[];
  readonly drawMerchant: (random: Random) => number;
  readonly drawTarget: (random: Random) => number;
  /** Like drawTarget, among merchants that sell online. */
  readonly drawOnlineTarget: (random: Random) => number;
  readonly drawVictim: (random: Random) => number;
};

const JOINING_SHARE = 0.15;
const NIGHT_OWL_SHARE = 0.12;
/** Joining users are spread over this many days, whatever the stream's length, so that a longer stream starts the same. */
const JOIN_DAYS = 60;

export function drawPopulation(random: Random, userCount: number, merchantCount: number): Population {
  const drawCategory = weightedSampler(CATEGORIES.map((category) => category.share));
  const merchants = Array.from({ length: merchantCount }, (_, index): Merchant => {
    const category = CATEGORIES[drawCategory(random)]!;
    return {
      id: `m${index + 1}`,
      priceLog: category.priceLog + normal(random, 0, 0.35),
      online: chance(random, category.online),
      popularity: 1 / (index + 3) ** 0.85,
      appeal: category.appeal * Math.exp(normal(random, 0, 0.6)),
    };
  });
  const drawMerchant = weightedSampler(merchants.map((merchant) => merchant.popularity));
  const users = Array.from({ length: userCount }, (_, index) => drawUser(random, index, drawMerchant));
  return {
    merchants,
    users,
    drawMerchant,
    drawTarget: weightedSampler(merchants.map((merchant) => merchant.appeal)),
    drawOnlineTarget: weightedSampler(merchants.map((merchant) => (merchant.online ? merchant.appeal : 1e-6))),
    drawVictim: weightedSampler(users.map((user) => user.exposure)),
  };
}

function drawUser(random: Random, index: number, drawMerchant: (random: Random) => number): User {
  const isOwl = chance(random, NIGHT_OWL_SHARE);
  const favourites = Array.from({ length: 5 + below(random, 7) }, () => drawMerchant(random));
  return {
    id: `u${index + 1}`,
    joinDay: index > 0 && chance(random, JOINING_SHARE) ? below(random, JOIN_DAYS) : 0, // someone is always there
    paymentsPerDay: Math.exp(normal(random, 0, 0.6)),
    amountLog: normal(random, 3.1, 0.6),
    amountLogDeviation: uniform(random, 0.45, 0.85),
    peakHour: isOwl ? normal(random, 24, 1.5) : normal(random, 14, 2.5),
    hourDeviation: uniform(random, 2, 4),
    favourites,
    favouriteShare: uniform(random, 0.65, 0.95),
    exposure: Math.exp(normal(random, 0, 0.8)),
  };
}
