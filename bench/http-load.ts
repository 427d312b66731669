/** Loads an HTTP server, the peer or the system alike: requests encoded once per user, every answer's score checked. */
import { encodePost, type HttpAnswer, HttpClient } from './http-client.ts';
import type { Send } from './load.ts';
import { assertScore } from './scores.ts';
import { USERS, userOf } from './workload.ts';

export type HttpTarget = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** JSON body of a prediction about one user (0 to USERS − 1). */
  body(user: number): string;
  /** The score in a 200 answer. */
  score(answer: HttpAnswer): number;
};

export type HttpLoad = { readonly send: Send; close(): void };

/** Opens `connections` keep-alive sockets. `send` rejects for a status other than 200 and for a wrong score. */
export async function openHttpLoad(
  what: string,
  target: HttpTarget,
  connections: number,
  expected: Float32Array,
): Promise<HttpLoad> {
  const client = await HttpClient.open(target.host, target.port, connections);
  const requests: Buffer[] = [];
  for (let user = 0; user < USERS; user++) {
    requests.push(encodePost(target.host, target.port, target.path, target.body(user)));
  }
  return {
    async send(index) {
      const user = userOf(index);
      const answer = await client.post(requests[user]!);
      if (answer.status !== 200)
        throw new Error(`${what}: HTTP ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`);
      assertScore(what, user, target.score(answer), expected[user]!);
    },
    close: () => client.close(),
  };
}
