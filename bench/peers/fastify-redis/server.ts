/**
 * What a team would write without Dovetail, written well: one Node process that takes a request by HTTP, reads the
 * user's features from Redis as one binary value, runs the model on that row and answers JSON. One run a request;
 * schemas compiled by Fastify; Redis commands pipelined automatically.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import { loadBareModel } from '../../bare-model.ts';
import { childArgument, childReady } from '../../child.ts';
import { featureTable, REQUEST_INPUTS, ROW_WIDTH, STORED_FEATURES, USERS, userKey } from '../../workload.ts';
import type { PeerArgument, PeerHello } from './peer.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const RECORD_BYTES = STORED_FEATURES * 4;
const ROWS_PER_PIPELINE = 1000;

const bodySchema = {
  type: 'object',
  required: ['user_id', 'inputs'],
  properties: {
    user_id: { type: 'string', maxLength: 128 },
    inputs: { type: 'array', items: { type: 'number' }, minItems: REQUEST_INPUTS, maxItems: REQUEST_INPUTS },
  },
};
const answerSchema = {
  200: { type: 'object', properties: { user_id: { type: 'string' }, score: { type: 'number' } } },
};

const argument = childArgument<PeerArgument>();
const redisServer = await startRedis(argument.redisPort, argument.workDir).catch((thrown: NodeJS.ErrnoException) => {
  if (thrown.code === 'ENOENT') return null;
  throw thrown;
});
if (redisServer === null) say({ skipped: 'redis-server is not on PATH' });
else await serve(redisServer);

async function serve(server: RedisServer): Promise<void> {
  await storeFeatures(server.redis);
  const app = await buildApp(server.redis);
  await app.listen({ host: '127.0.0.1', port: argument.port });
  say({ skipped: null }, async () => {
    await server.stop();
    await app.close();
  });
}

function say(hello: PeerHello, stop?: () => Promise<void>): void {
  childReady(hello, stop);
}

async function storeFeatures(redis: Redis): Promise<void> {
  const records = Buffer.from(featureTable().buffer);
  for (let from = 0; from < USERS; from += ROWS_PER_PIPELINE) {
    const pipeline = redis.pipeline();
    for (let user = from; user < Math.min(USERS, from + ROWS_PER_PIPELINE); user++) {
      pipeline.set(`features:${userKey(user)}`, records.subarray(user * RECORD_BYTES, (user + 1) * RECORD_BYTES));
    }
    await pipeline.exec();
  }
}

async function buildApp(redis: Redis): Promise<FastifyInstance> {
  const model = await loadBareModel();
  const app = Fastify({ logger: false });
  app.post<{ Body: { user_id: string; inputs: number[] } }>(
    '/predict',
    { schema: { body: bodySchema, response: answerSchema } },
    async (request, reply) => {
      const { user_id: user, inputs } = request.body;
      const record = await redis.getBuffer(`features:${user}`);
      if (record === null || record.length !== RECORD_BYTES) return reply.code(404).send({ error: `no user ${user}` });
      const row = new Float32Array(ROW_WIDTH);
      new Uint8Array(row.buffer).set(record);
      row.set(inputs, STORED_FEATURES);
      const scores = await model.run(row, 1);
      return { user_id: user, score: scores[0]! };
    },
  );
  return app;
}
