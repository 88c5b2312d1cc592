import { errorResponse } from '../endpoint-errors.ts';
import { jsonBody } from '../endpoint-request.ts';
import type { JsonObject } from '../json.ts';
import { booleanAt, listAt, numberAt, textAt } from '../json.ts';
import type { ServiceHandler } from '../service.ts';
import { PatternError, parsePattern } from './filter-pattern.ts';
import type { LogEvent, LogGroup, LogStore, LogStream } from './log-store.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const MAX_EVENTS = 10_000;
const GROUPS_PAGE = 50;

export interface LogsContext {
  readonly store: LogStore;
  readonly region: string;
  readonly accountId: string;
}

type Operation = (input: JsonObject, context: LogsContext) => object;

class LogsError extends Error {
  override readonly name = 'LogsError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const operations: Readonly<Record<string, Operation>> = {
  DescribeLogGroups,
  DescribeLogStreams,
  GetLogEvents,
  FilterLogEvents,
};

/** Answers the reading part of the CloudWatch Logs API (JSON 1.1). Only the engine writes: what functions print. */
export function logsApi(context: LogsContext): ServiceHandler {
  return async (request) => {
    const name = request.operation ?? '';
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) {
      const message = `logs: operation ${name} is not available in the engine; available: ${Object.keys(operations).join(', ')}`;
      return errorResponse('logs', { status: 400, code: 'UnknownOperationException', message });
    }
    try {
      const answer = operation(jsonBody(request) as JsonObject, context);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(answer) };
    } catch (error) {
      if (error instanceof LogsError)
        return errorResponse('logs', { status: 400, code: error.code, message: error.message });
      if (error instanceof PatternError)
        return errorResponse('logs', {
          status: 400,
          code: 'InvalidParameterException',
          message: `Invalid filter pattern: ${error.message}`,
        });
      throw error;
    }
  };
}

const arnOf = ({ region, accountId }: LogsContext, group: string): string =>
  `arn:aws:logs:${region}:${accountId}:log-group:${group}`;

function groupOf(input: JsonObject, { store }: LogsContext): LogGroup {
  const given = textAt(input, 'logGroupName') ?? textAt(input, 'logGroupIdentifier') ?? '';
  const name = given.replace(/^arn:[^:]+:logs:[^:]*:[^:]*:log-group:/, '').replace(/:\*$/, '');
  const group = store.find(name);
  if (group === undefined) throw new LogsError('ResourceNotFoundException', 'The specified log group does not exist.');
  return group;
}

function DescribeLogGroups(input: JsonObject, context: LogsContext): object {
  const prefix = textAt(input, 'logGroupNamePrefix') ?? '';
  const part = textAt(input, 'logGroupNamePattern') ?? '';
  const found = context.store.list().filter(({ name }) => name.startsWith(prefix) && name.includes(part));
  const { page, nextToken } = paged(found, input);
  return {
    logGroups: page.map(({ name, createdAt, retentionDays, characters }) => ({
      logGroupName: name,
      creationTime: createdAt,
      ...(retentionDays === undefined ? {} : { retentionInDays: retentionDays }),
      ...{ metricFilterCount: 0, arn: `${arnOf(context, name)}:*`, logGroupArn: arnOf(context, name) },
      ...{ storedBytes: characters, logGroupClass: 'STANDARD' },
    })),
    ...nextToken,
  };
}

function DescribeLogStreams(input: JsonObject, context: LogsContext): object {
  const group = groupOf(input, context);
  const prefix = textAt(input, 'logStreamNamePrefix') ?? '';
  const byTime = textAt(input, 'orderBy') === 'LastEventTime';
  const streams = [...group.streams.values()].filter(({ name }) => name.startsWith(prefix));
  streams.sort((a, b) =>
    byTime ? (a.lastAt ?? 0) - (b.lastAt ?? 0) || a.sequence - b.sequence : a.name < b.name ? -1 : 1,
  );
  if (booleanAt(input, 'descending')) streams.reverse();
  const { page, nextToken } = paged(streams, input);
  return { logStreams: page.map((stream) => streamView(stream, arnOf(context, group.name))), ...nextToken };
}

function streamView({ name, createdAt, firstAt, lastAt, sequence }: LogStream, groupArn: string): object {
  return {
    ...{ logStreamName: name, creationTime: createdAt, arn: `${groupArn}:log-stream:${name}`, storedBytes: 0 },
    ...(lastAt === undefined
      ? {}
      : {
          firstEventTimestamp: firstAt,
          lastEventTimestamp: lastAt,
          lastIngestionTime: lastAt,
          uploadSequenceToken: String(sequence),
        }),
  };
}

function GetLogEvents(input: JsonObject, context: LogsContext): object {
  const group = groupOf(input, context);
  const stream = textAt(input, 'logStreamName') ?? '';
  if (!group.streams.has(stream))
    throw new LogsError('ResourceNotFoundException', 'The specified log stream does not exist.');
  const inTime = withinTime(input);
  const events = group.events.filter((event) => event.stream === stream && inTime(event));
  const limit = Math.min(numberAt(input, 'limit') ?? MAX_EVENTS, MAX_EVENTS);
  const [, direction, text] = /^([fb])\/(\d+)$/.exec(textAt(input, 'nextToken') ?? '') ?? [];
  const mark = Number(text);
  const page =
    direction === 'f'
      ? events.filter(({ sequence }) => sequence > mark).slice(0, limit)
      : direction === 'b'
        ? events.filter(({ sequence }) => sequence < mark).slice(-limit)
        : booleanAt(input, 'startFromHead')
          ? events.slice(0, limit)
          : events.slice(-limit);
  // At either end the same token comes back: that is how a reader knows.
  const last = page.at(-1)?.sequence ?? (direction === 'f' ? mark : (group.streams.get(stream)?.sequence ?? 0));
  const first = page[0]?.sequence ?? (direction === 'b' ? mark : last);
  return {
    events: page.map(({ at, message }) => ({ timestamp: at, message, ingestionTime: at })),
    ...{ nextForwardToken: `f/${last}`, nextBackwardToken: `b/${first}` },
  };
}

function FilterLogEvents(input: JsonObject, context: LogsContext): object {
  const group = groupOf(input, context);
  const names = listAt(input, 'logStreamNames').map(String);
  const prefix = textAt(input, 'logStreamNamePrefix') ?? '';
  const inTime = withinTime(input);
  const passes = parsePattern(textAt(input, 'filterPattern') ?? '');
  const after = Number(textAt(input, 'nextToken') ?? 0);
  const limit = Math.min(numberAt(input, 'limit') ?? MAX_EVENTS, MAX_EVENTS);
  const found = group.events
    .filter(
      ({ sequence, stream }) =>
        sequence > after && (names.length === 0 || names.includes(stream)) && stream.startsWith(prefix),
    )
    .filter((event) => inTime(event) && passes(event.message));
  const page = found.slice(0, limit);
  return {
    events: page.map(({ sequence, stream, at, message }) => ({
      ...{
        logStreamName: stream,
        timestamp: at,
        message,
        ingestionTime: at,
        eventId: String(sequence).padStart(56, '0'),
      },
    })),
    searchedLogStreams: [],
    ...(found.length > limit ? { nextToken: String(page.at(-1)?.sequence) } : {}),
  };
}

/** startTime is in, endTime is out. */
function withinTime(input: JsonObject): (event: LogEvent) => boolean {
  const from = numberAt(input, 'startTime') ?? 0;
  const to = numberAt(input, 'endTime') ?? Number.POSITIVE_INFINITY;
  return ({ at }) => at >= from && at < to;
}

function paged<T>(items: readonly T[], input: JsonObject): { page: readonly T[]; nextToken: object } {
  const from = Number(textAt(input, 'nextToken') ?? 0);
  const to = from + (numberAt(input, 'limit') ?? GROUPS_PAGE);
  return { page: items.slice(from, to), nextToken: to < items.length ? { nextToken: String(to) } : {} };
}
