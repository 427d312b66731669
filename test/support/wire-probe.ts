/**
 * A stranger on the cluster's NATS: hears what callers are answered, and reads features from one shard of its choice.
 * It speaks the wire format itself, so that it does not share the client's or the transport's mistakes.
 */
import { connect, type NatsConnection } from 'nats';
import { matchesSchema, readValue, recordBytes } from '../../cluster/catalog/record.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { partitionOfText } from '../../cluster/hash.ts';
import { readEnvelope } from '../../proto/envelope.ts';
import { dovetail } from '../../proto/generated/messages.js';
import type { ReadFeaturesReply } from '../../proto/letters.ts';

const SHARD_ACTOR = 'feature-shard';

export type StoredRow = { readonly appliedSeq: number; readonly values: Record<string, unknown> | null };

export class WireProbe {
  readonly connection: NatsConnection;
  /** How often each prediction of each client was answered: client's subject and number → times. */
  readonly answers = new Map<string, number>();
  readonly #node: string;
  readonly #waiting = new Map<number, (reply: ReadFeaturesReply) => void>();
  #nextId = 1;

  private constructor(connection: NatsConnection, node: string) {
    this.connection = connection;
    this.#node = node;
  }

  static async connect(url: string): Promise<WireProbe> {
    const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const probe = new WireProbe(connection, `probe${Math.floor(Math.random() * 1e9)}`);
    const onClient = (subject: string, bytes: Uint8Array) => {
      readEnvelope(bytes, (_actor, message) => {
        if (message.kind !== 'predictReply') return;
        const key = `${subject} ${message.body.id}`;
        probe.answers.set(key, (probe.answers.get(key) ?? 0) + 1);
      });
    };
    connection.subscribe('dovetail.node.*', {
      callback: (error, message) => {
        if (error !== null) return;
        if (message.subject === `dovetail.node.${probe.#node}`) probe.#receive(message.data);
        else if (message.subject.startsWith('dovetail.node.client')) onClient(message.subject, message.data);
      },
    });
    await connection.flush();
    return probe;
  }

  /** Requests that were answered more than once. */
  answeredTwice(): string[] {
    return [...this.answers].filter(([, times]) => times > 1).map(([key]) => key);
  }

  /** What one shard's replica holds, whether or not a gateway would have asked it. `node`: as `status` names it. */
  async readFrom(
    node: string,
    view: View,
    keys: readonly string[],
    partitionCount: number,
    epoch: number,
  ): Promise<StoredRow[]> {
    const id = this.#nextId++;
    const encoder = new TextEncoder();
    const replied = new Promise<ReadFeaturesReply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`shard ${node} did not answer a read within 10 s`)), 10_000);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
    });
    const envelope = dovetail.Envelope.encode({
      from: this.#node,
      letters: [
        {
          to: SHARD_ACTOR,
          readFeatures: {
            id,
            replyTo: `${this.#node}/probe`,
            view: view.name,
            keys: keys.map((key) => encoder.encode(key)),
            partitions: keys.map((key) =>
              view.placement === 'everywhere' ? partitionCount : partitionOfText(key, partitionCount),
            ),
            epoch,
            budgetUs: 10_000_000,
          },
        },
      ],
    }).finish();
    this.connection.publish(`dovetail.node.${node.replaceAll('.', '_')}`, envelope);
    const reply = await replied;
    if (reply.failure !== null && reply.failure !== undefined) throw new Error(`${node}: ${reply.failure.message}`);
    return keys.map((_, row) => ({
      appliedSeq: reply.appliedSeq[row]!,
      values: valuesOf(view, reply.records[row]!),
    }));
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  #receive(bytes: Uint8Array): void {
    readEnvelope(bytes, (_actor, message) => {
      if (message.kind !== 'readFeaturesReply') return;
      this.#waiting.get(message.body.id)?.(message.body);
      this.#waiting.delete(message.body.id);
    });
  }
}

function valuesOf(view: View, bytes: Uint8Array): Record<string, unknown> | null {
  const record = recordBytes(bytes);
  if (bytes.byteLength === 0 || !matchesSchema(view, record)) return null;
  return Object.fromEntries(view.features.map((feature) => [feature.name, readValue(view, feature, record)]));
}
