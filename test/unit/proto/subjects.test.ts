import { describe, expect, it } from 'vitest';
import { newIncarnation, nodeOf } from '../../../cluster/membership/incarnation.ts';
import { seededRandom } from '../../../cluster/random.ts';
import * as subjects from '../../../proto/subjects.ts';

describe('subjects', () => {
  it('give each process one of its own, of one token', () => {
    expect(subjects.nodeSubject('shard-1.0abc')).toBe('dovetail.node.shard-1_0abc');
    expect(subjects.nodeSubject('a.b.c').split('.')).toHaveLength(3);
  });

  it('differ for processes that differ', () => {
    const random = seededRandom(1);
    const nodes = ['shard-1', 'shard_1', 'shard'].flatMap((name) =>
      [0, 1, 2].map((ms) => nodeOf(name, newIncarnation(ms, random))),
    );
    expect(new Set(nodes.map(subjects.nodeSubject)).size).toBe(nodes.length);
  });

  it('number the partitions of the log under what the stream listens to', () => {
    const root = subjects.FEATURE_LOG_SUBJECTS.replace('*', '');
    expect(subjects.featureLogSubject(0)).toBe(`${root}0`);
    expect(subjects.featureLogSubject(255)).toBe(`${root}255`);
  });

  it('hold no wildcard and no empty token, but for what a whole stream listens to', () => {
    const { FEATURE_LOG_SUBJECTS, DEAD_LETTER_SUBJECTS, ...rest } = subjects;
    const fixed = Object.values(rest).filter((value) => typeof value === 'string');
    expect(fixed.length).toBeGreaterThan(5);
    for (const subject of fixed) expect(subject).toMatch(/^[A-Za-z_-]+(\.[A-Za-z_-]+)*$/);
    expect(FEATURE_LOG_SUBJECTS).toMatch(/^[a-z.]+\.\*$/);
    expect(DEAD_LETTER_SUBJECTS).toMatch(/^[a-z.]+\.\*\.\*$/);
  });

  it('keep requests, envelopes, heartbeats and the log apart', () => {
    const all = [
      subjects.HEARTBEAT_SUBJECT,
      subjects.CALL_SUBJECT,
      subjects.PREDICT_SUBJECT_ROOT,
      subjects.PUSH_SUBJECT_ROOT,
      subjects.GET_SUBJECT_ROOT,
      subjects.nodeSubject('n'),
      subjects.featureLogSubject(0),
    ];
    for (const one of all)
      for (const other of all) expect(one !== other && `${other}.`.startsWith(`${one}.`)).toBe(false);
  });
});
