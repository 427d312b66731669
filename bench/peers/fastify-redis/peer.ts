/** The peer as the bench sees it: one process with Fastify, Redis and ONNX Runtime, or the reason why it is not there. */
import { startChild } from '../../child.ts';
import type { BenchContext } from '../../context.ts';
import type { HttpTarget } from '../../http-load.ts';
import { freePort } from '../../ports.ts';
import { requestInputs, userKey } from '../../workload.ts';

export type PeerArgument = { readonly port: number; readonly redisPort: number; readonly workDir: string };
/** What the peer's process says when it is up, or cannot be. */
export type PeerHello = { readonly skipped: string | null };

export type Peer = { readonly target: HttpTarget; stop(): Promise<void> };

export async function startFastifyRedis(context: BenchContext): Promise<Peer | { readonly skipped: string }> {
  const argument: PeerArgument = { port: await freePort(), redisPort: await freePort(), workDir: context.workDir };
  const child = await startChild(context, import.meta.url, './server', argument);
  const { skipped } = child.hello as PeerHello;
  if (skipped !== null) {
    await child.stop();
    return { skipped };
  }
  const inputs = Array.from(requestInputs());
  return {
    target: {
      host: '127.0.0.1',
      port: argument.port,
      path: '/predict',
      body: (user) => JSON.stringify({ user_id: userKey(user), inputs }),
      score: (answer) => (JSON.parse(answer.body.toString()) as { score: number }).score,
    },
    stop: () => child.stop(),
  };
}
