/**
 * What the router routes by, in the form it needs it: live owners of each partition and live workers of each model.
 * Rebuilt whenever placement, membership or the model list changes; reads are plain array lookups.
 */
import type { Address } from '../../cluster/actors/address.ts';
import type { ModelDirectory } from '../../cluster/catalog/model-directory.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { Member } from '../../cluster/membership/member-table.ts';
import type { PlacementTable } from '../../cluster/placement/placement-table.ts';
import type { Aliases } from '../../cluster/rollout/rollout.ts';
import type { ServingError } from '../../proto/errors.ts';
import type { VersionAlias } from '../../proto/names.ts';

/** A process that this router sends to, with this router's own count of what it has there. */
export type Target = {
  readonly node: string;
  readonly address: Address;
  readonly addressText: string;
  /** In the router's own process. */
  readonly near: boolean;
  /** Silent for a while, not yet given up: used only where nobody else is. */
  suspect: boolean;
  outstanding: number;
  /** Work queued there by its own last word, µs. */
  backlogUs: number;
};

export const ACTOR_NAMES = { shard: 'feature-shard', worker: 'model-worker', router: 'router' } as const;

const NOBODY: readonly Target[] = [];

export class RoutingTable {
  readonly #directory: ModelDirectory;
  readonly #isNear: (node: string) => boolean;
  readonly #targets = new Map<string, Target>();
  #table: PlacementTable | null = null;
  #members: readonly Member[] = [];
  #owners: (readonly Target[])[] = [];
  #workers = new Map<string, Target[]>();
  /** The plan of each model asked for without a version, until something changes. */
  #chosen = new Map<string, ServingPlan>();
  readonly #aliases = new Map<string, Aliases>();
  #onChange: (() => void)[] = [];

  /** `isNear`: whether a node is of this process. */
  constructor(directory: ModelDirectory, isNear: (node: string) => boolean = () => false) {
    this.#directory = directory;
    this.#isNear = isNear;
  }

  get epoch(): number {
    return this.#table?.epoch ?? 0;
  }

  /** 0 before the first placement table is known. */
  get partitions(): number {
    return this.#table?.partitions ?? 0;
  }

  get placement(): PlacementTable | null {
    return this.#table;
  }

  onChange(listener: () => void): void {
    this.#onChange.push(listener);
  }

  setPlacement(table: PlacementTable): void {
    if (table.epoch <= this.epoch) return;
    this.#table = table;
    this.#rebuild();
  }

  setMembers(members: readonly Member[]): void {
    this.#members = members;
    this.#rebuild();
  }

  /** Avoids a process, of which there is a sign that it died, until membership is looked at again. */
  suspect(node: string): void {
    const target = this.#targets.get(node);
    if (target !== undefined) target.suspect = true;
  }

  modelsChanged(): void {
    this.#rebuild();
  }

  /** A model's versions that have a name; the champion is what requests without a version get. */
  setAliases(model: string, aliases: Aliases): void {
    if (Object.keys(aliases).length === 0 && !this.#aliases.has(model)) return;
    this.#aliases.set(model, aliases);
    if (Object.keys(aliases).length === 0) this.#aliases.delete(model);
    this.#chosen.clear();
    for (const listener of this.#onChange) listener();
  }

  owners(partition: number): readonly Target[] {
    return this.#owners[partition] ?? NOBODY;
  }

  workers(modelKey: string): readonly Target[] {
    return this.#workers.get(modelKey) ?? NOBODY;
  }

  plan(modelKey: string): ServingPlan | undefined {
    return this.#directory.plan(modelKey);
  }

  /**
   * The plan for a request: of the version asked for, by number or alias; else of the champion, or where there is none
   * of the newest that a worker serves (or, while none does, the newest known). `model@alias` asks for a version too.
   * Throws NOT_FOUND, or UNAVAILABLE with the reason, where there is none.
   */
  choosePlan(model: string, version: string | undefined): ServingPlan {
    if (version !== undefined) {
      const plan = this.#directory.plan(`${model}/${version}`) ?? this.#aliasedPlan(model, version);
      if (plan === undefined) throw this.missing(model, version);
      return plan;
    }
    const chosen = this.#chosen.get(model);
    if (chosen !== undefined) return chosen;
    const at = model.indexOf('@');
    if (at >= 0) return this.choosePlan(model.slice(0, at), model.slice(at + 1));
    const plan = this.#championPlan(model) ?? this.#newestPlan(model);
    this.#chosen.set(model, plan);
    return plan;
  }

  #aliasedPlan(model: string, alias: string): ServingPlan | undefined {
    const version = this.#aliases.get(model)?.[alias as VersionAlias];
    return version === undefined ? undefined : this.#directory.plan(`${model}/${version}`);
  }

  /** Or the version before it, where no worker serves the champion: rather that than one that nobody chose. */
  #championPlan(model: string): ServingPlan | undefined {
    const plans = (['champion', 'previous'] as const).map((alias) => this.#aliasedPlan(model, alias));
    const served = plans.find((plan) => plan !== undefined && this.workers(plan.key).length > 0);
    return served ?? plans[0];
  }

  #newestPlan(model: string): ServingPlan {
    const versions = this.#directory.versions(model);
    for (let i = versions.length - 1; i >= 0; i--) {
      const key = `${model}/${versions[i]}`;
      if (this.workers(key).length > 0) return this.#directory.plan(key)!;
    }
    const newest = versions.at(-1);
    if (newest === undefined) throw this.missing(model, undefined);
    return this.#directory.plan(`${model}/${newest}`)!;
  }

  missing(model: string, version: string | undefined): ServingError {
    return this.#directory.missing(model, version);
  }

  /** Versions of a model that a live worker serves, ascending. */
  servedVersions(model: string): string[] {
    return this.#directory.versions(model).filter((version) => this.workers(`${model}/${version}`).length > 0);
  }

  modelNames(): string[] {
    return this.#directory.names();
  }

  #rebuild(): void {
    this.#chosen.clear();
    const usable = this.#members.filter((member) => member.state !== 'dead');
    const seen = new Set<string>();
    const byName = new Map<string, Target>();
    const workers = new Map<string, Target[]>();
    for (const member of usable) {
      const { heartbeat } = member;
      if (heartbeat.role !== 'shard' && heartbeat.role !== 'worker') continue;
      const target = this.#targetOf(heartbeat.node, heartbeat.role);
      // A replica far behind the log is treated alike: it serves where nobody better does.
      target.suspect = member.state === 'suspect' || heartbeat.lagging === true;
      seen.add(heartbeat.node);
      if (heartbeat.role === 'shard') {
        byName.set(heartbeat.name, target);
      } else {
        // Ready or not: it lists what it has loaded, while it loads the rest, and nothing once it drains.
        for (const key of heartbeat.models) {
          const serving = workers.get(key);
          if (serving === undefined) workers.set(key, [target]);
          else serving.push(target);
        }
      }
    }
    for (const node of this.#targets.keys()) if (!seen.has(node)) this.#targets.delete(node);
    this.#workers = workers;
    this.#owners = (this.#table?.owners ?? []).map((names) =>
      names.map((name) => byName.get(name)).filter((target) => target !== undefined),
    );
    for (const listener of this.#onChange) listener();
  }

  #targetOf(node: string, role: 'shard' | 'worker'): Target {
    let target = this.#targets.get(node);
    if (target === undefined) {
      const actor = ACTOR_NAMES[role];
      target = {
        node,
        address: { node, actor },
        addressText: `${node}/${actor}`,
        near: this.#isNear(node),
        suspect: false,
        outstanding: 0,
        backlogUs: 0,
      };
      this.#targets.set(node, target);
    }
    return target;
  }
}
