import type { AwsCalls } from './call.ts';
import type { Identities } from './identities.ts';

/** Calls in the name of a role: what the engine does for a function or a schedule (polling, sending to destinations). */
export type CallsAs = (roleArn: string, session: string, pollsFor?: string) => AwsCalls;

/** @param session Name of the session in refusals: `awslambda` for pollers, `scheduler` for schedules. */
export function createRoleCalls(calls: AwsCalls, identities: Identities): CallsAs {
  const known = new Map<string, AwsCalls>();
  return (roleArn, session, pollsFor) => {
    const name = `${roleArn} ${session} ${pollsFor}`;
    const own =
      known.get(name) ??
      calls.as(identities.issue({ roleArn, session, ...(pollsFor === undefined ? {} : { pollsFor }) }).accessKeyId);
    known.set(name, own);
    return own;
  };
}
