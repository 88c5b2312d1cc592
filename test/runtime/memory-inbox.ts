import { type Inbox, type InboxRecord, type Write, WriteRefused } from '../../lib/runtime/inbox/inbox.ts';

interface Stored extends InboxRecord {
  readonly owner?: string;
  readonly steps?: Readonly<Record<string, string>>;
}

export interface MemoryInbox extends Inbox {
  readonly records: Map<string, Stored>;
  /** Writes that were committed, in order. */
  readonly written: Write[];
}

/** The inbox in memory. @param refuses which writes have a condition that does not hold */
export function memoryInbox(now: () => number, refuses: (write: Write) => boolean = () => false): MemoryInbox {
  const records = new Map<string, Stored>();
  const written: Write[] = [];
  const owns = (key: string, owner: string): boolean => {
    const record = records.get(key);
    return record?.state === 'leased' && record.owner === owner;
  };
  return {
    records,
    written,
    find: async (key) => records.get(key),
    async commit({ key, fingerprint }, writes) {
      const before = records.get(key);
      if (before !== undefined) return before;
      const refused = writes.flatMap((write, i) => (refuses(write) ? [i] : []));
      if (refused.length > 0) throw new WriteRefused(refused);
      records.set(key, { fingerprint, state: 'done' });
      written.push(...writes);
      return undefined;
    },
    async lease({ key, fingerprint }, owner, until) {
      const before = records.get(key);
      const abandoned = before?.state === 'leased' && (before.leaseUntil ?? 0) < now();
      if (before !== undefined && !(abandoned && before.fingerprint === fingerprint)) {
        return { taken: false, record: before };
      }
      const steps = before?.steps ?? {};
      records.set(key, { ...(before ?? {}), fingerprint, state: 'leased', owner, leaseUntil: until });
      return { taken: true, steps };
    },
    async renew(key, owner, until) {
      const record = records.get(key);
      if (record === undefined || !owns(key, owner)) return false;
      records.set(key, { ...record, leaseUntil: until });
      return true;
    },
    async complete({ key, fingerprint }, owner) {
      if (!owns(key, owner)) return false;
      records.set(key, { fingerprint, state: 'done' });
      return true;
    },
    async keepStep(key, owner, step, result) {
      const record = records.get(key);
      if (record === undefined || !owns(key, owner)) return false;
      records.set(key, { ...record, steps: { ...record.steps, [step]: result } });
      return true;
    },
    async release(key, owner, keepSteps) {
      if (!owns(key, owner)) return;
      if (keepSteps) await this.renew(key, owner, 0);
      else records.delete(key);
    },
  };
}
