/** Most lines kept of a log group; the oldest go first. */
export const KEPT_LINES = 5_000;
/** Most characters kept of a log group. */
export const KEPT_CHARACTERS = 1024 * 1024;
/** Longest line, characters; what is longer is cut. AWS takes events of up to 1 MB. */
const LONGEST_LINE = 64 * 1024;
/** Streams remembered of a log group, the newest: every instance of a function writes one. */
const KEPT_STREAMS = 200;

/** One line of a log. */
export interface LogEvent {
  /** Counts all lines of the engine, from 1: later lines have higher ones. */
  readonly sequence: number;
  readonly stream: string;
  /** Real epoch milliseconds. */
  readonly at: number;
  readonly message: string;
}

export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  firstAt: number | undefined;
  lastAt: number | undefined;
  sequence: number;
}

export interface LogGroup {
  readonly name: string;
  readonly createdAt: number;
  /** Undefined: for ever. */
  retentionDays: number | undefined;
  readonly events: LogEvent[];
  characters: number;
  readonly streams: Map<string, LogStream>;
}

/** What functions wrote, in memory and bounded. */
export interface LogStore {
  /** Makes a group, or sets its retention. */
  put(name: string, retentionDays: number | undefined): void;
  remove(name: string): void;
  /** Adds a line; makes the group and the stream when they are new. */
  write(group: string, stream: string, message: string): void;
  find(name: string): LogGroup | undefined;
  /** In the order of their names. */
  list(): readonly LogGroup[];
}

export function createLogStore(): LogStore {
  const groups = new Map<string, LogGroup>();
  let sequence = 0;

  function groupOf(name: string): LogGroup {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group: LogGroup = {
      ...{ name, createdAt: Date.now(), retentionDays: undefined, characters: 0 },
      ...{ events: [], streams: new Map() },
    };
    groups.set(name, group);
    return group;
  }

  return {
    put(name, retentionDays) {
      groupOf(name).retentionDays = retentionDays;
    },
    remove: (name) => void groups.delete(name),
    write(groupName, streamName, line) {
      const group = groupOf(groupName);
      const stream = streamOf(group, streamName);
      const message = line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line;
      const at = Date.now();
      sequence += 1;
      stream.firstAt ??= at;
      stream.lastAt = at;
      stream.sequence = sequence;
      group.events.push({ sequence, stream: streamName, at, message });
      group.characters += message.length;
      if (group.events.length > KEPT_LINES || group.characters > KEPT_CHARACTERS) forget(group);
    },
    find: (name) => groups.get(name),
    list: () => [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function streamOf({ streams }: LogGroup, name: string): LogStream {
  const known = streams.get(name);
  if (known !== undefined) return known;
  const stream: LogStream = { name, createdAt: Date.now(), firstAt: undefined, lastAt: undefined, sequence: 0 };
  streams.set(name, stream);
  const [oldest] = streams.size > KEPT_STREAMS ? streams.keys() : [];
  if (oldest !== undefined) streams.delete(oldest);
  return stream;
}

/** Lets go of the oldest tenth and more, so that it need not be done for every line. */
function forget(group: LogGroup): void {
  let count = 0;
  let characters = group.characters;
  const room = { lines: KEPT_LINES * 0.9, characters: KEPT_CHARACTERS * 0.9 };
  while (group.events.length - count > room.lines || characters > room.characters) {
    characters -= group.events[count]?.message.length ?? 0;
    count += 1;
  }
  group.events.splice(0, count);
  group.characters = characters;
}
