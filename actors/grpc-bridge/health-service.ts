/**
 * grpc.health.v1.Health, as load balancers and `grpc_health_probe` ask it: the server as a whole and the inference
 * service serve once the gateway is ready, until it drains. Watchers are told of changes.
 */
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock, TimerHandle } from '../../cluster/clock.ts';
import { notFound, ServingError } from '../../proto/errors.ts';
import { grpc } from '../../proto/generated/inference.js';
import { quoteShort } from '../../proto/names.ts';
import { GRPC_WATCH_MS, GRPC_WATCHERS_MAX } from '../edge/limits.ts';
import { decodedBy, encodedBy, methodsOf } from './service.ts';
import { presentable, statusOf } from './status.ts';

const SERVICE = 'grpc.health.v1.Health';
export const HEALTH_METHODS = methodsOf(SERVICE, { Check: 'unary', Watch: 'replies' });

const { HealthCheckRequest, HealthCheckResponse } = grpc.health.v1;
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse.ServingStatus;

type Watcher = { readonly call: ServerWritableStream<Buffer, Buffer>; readonly known: boolean; told: number };

export class HealthService {
  readonly #clock: Clock;
  readonly #isServing: () => boolean;
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #timer: TimerHandle | null = null;

  /** `services`: names that may be asked for, beside the empty one. */
  constructor(clock: Clock, services: readonly string[], isServing: () => boolean) {
    this.#clock = clock;
    this.#services = new Set(['', ...services]);
    this.#isServing = isServing;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      Check: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => this.#check(call, done),
      Watch: (call: ServerWritableStream<Buffer, Buffer>) => this.#watch(call),
    };
  }

  /** Tells every watcher what has changed; called on a timer while there are watchers. */
  look(): void {
    const now = this.#status();
    for (const watcher of this.#watchers) if (watcher.known) tell(watcher, now);
  }

  /** Ends every watch. */
  stop(): void {
    for (const { call } of this.#watchers) call.end();
    this.#watchers.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #status(): number {
    return this.#isServing() ? SERVING : NOT_SERVING;
  }

  #check(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void {
    try {
      const { service } = decodedBy(HealthCheckRequest, call.request);
      if (!this.#services.has(service)) throw notFound(`no service ${quoteShort(service)} here`);
      done(null, encodedBy(HealthCheckResponse, { status: this.#status() }));
    } catch (thrown) {
      done(statusOf(presentable(thrown), ''));
    }
  }

  #watch(call: ServerWritableStream<Buffer, Buffer>): void {
    let known: boolean;
    try {
      known = this.#services.has(decodedBy(HealthCheckRequest, call.request).service);
      if (this.#watchers.size >= GRPC_WATCHERS_MAX) {
        throw new ServingError('RESOURCE_EXHAUSTED', 'edge', `${GRPC_WATCHERS_MAX} callers watch already; ask Check`);
      }
    } catch (thrown) {
      call.emit('error', statusOf(presentable(thrown), ''));
      return;
    }
    const watcher: Watcher = { call, known, told: -1 };
    this.#watchers.add(watcher);
    call.on('cancelled', () => this.#forget(watcher));
    tell(watcher, known ? this.#status() : SERVICE_UNKNOWN);
    this.#timer ??= this.#clock.every(GRPC_WATCH_MS, () => this.look());
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }
}

/** Nothing where it was told already, or has not taken what it was told before. */
function tell(watcher: Watcher, status: number): void {
  if (watcher.told === status || watcher.call.writableNeedDrain) return;
  watcher.told = status;
  watcher.call.write(encodedBy(HealthCheckResponse, { status }));
}
