import { randomUUID } from 'node:crypto';
import { errorResponse } from '../endpoint-errors.ts';
import { jsonBody } from '../endpoint-request.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, textAt } from '../json.ts';
import type { ServiceHandler } from '../service.ts';
import type { EventBus } from './bus.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const MAX_ENTRIES = 10;
/** Bytes of all entries of a request. */
const MAX_BYTES = 1024 * 1024;

interface Failure {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** EventBridge: PutEvents on the default bus. Rules come from templates. */
export function eventsApi({
  bus,
  region,
  accountId,
}: {
  readonly bus: EventBus;
  readonly region: string;
  readonly accountId: string;
}): ServiceHandler {
  const refused = (code: string, message: string) => errorResponse('events', { status: 400, code, message });

  return async (request) => {
    if (request.operation !== 'PutEvents') {
      const message = `events: operation ${request.operation} is not available in the engine; available: PutEvents. Rules are declared in templates.`;
      return refused('UnknownOperationException', message);
    }
    const entries = listAt(jsonBody(request), 'Entries');
    if (entries.length < 1 || entries.length > MAX_ENTRIES) {
      const rule = `Member must have length ${entries.length < 1 ? 'greater than or equal to 1' : `less than or equal to ${MAX_ENTRIES}`}`;
      return refused(
        'ValidationException',
        `1 validation error detected: Value '[${entries.length} entries]' at 'entries' failed to satisfy constraint: ${rule}`,
      );
    }
    if (entries.reduce<number>((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES)
      return refused('ValidationException', 'Total size of the entries in the request is over the limit.');
    // Answered when the targets have the events: what was accepted is kept by those that keep it.
    const answers = await Promise.all(
      entries.map(async (entry): Promise<JsonObject> => {
        const failure = problemIn(entry);
        if (failure !== undefined) return { ...failure };
        const event = eventOf(entry, { region, accountId });
        await bus.put(event);
        return { EventId: event.id ?? '' };
      }),
    );
    const FailedEntryCount = answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ FailedEntryCount, Entries: answers }),
    };
  };
}

/** 14 bytes for the time, and source, type, detail and resources. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function sizeOf(entry: Json): number {
  const texts = [textAt(entry, 'Source'), textAt(entry, 'DetailType'), textAt(entry, 'Detail')];
  const resources = listAt(entry, 'Resources').map(String);
  const time = textAt(entry, 'Time') === undefined ? 0 : 14;
  return [...texts, ...resources].reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), time);
}

function problemIn(entry: Json): Failure | undefined {
  const bus = textAt(entry, 'EventBusName');
  if (bus !== undefined && bus !== 'default' && !bus.endsWith(':event-bus/default'))
    return failed('InternalFailure', `the engine has the default event bus only, not ${bus}`);
  for (const name of ['Source', 'DetailType', 'Detail'])
    if (!textAt(entry, name))
      return failed('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  if (textAt(entry, 'Source')?.startsWith('aws.'))
    return failed('NotAuthorizedForSourceException', 'Not authorized for the source.');
  try {
    if (isObject(JSON.parse(textAt(entry, 'Detail') ?? ''))) return undefined;
  } catch {
    // Told below.
  }
  return failed('MalformedDetail', 'Detail is malformed.');
}

const failed = (ErrorCode: string, ErrorMessage: string): Failure => ({ ErrorCode, ErrorMessage });

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function eventOf(entry: Json, { region, accountId }: { region: string; accountId: string }): JsonObject {
  const time = Number(textAt(entry, 'Time') ?? Date.now() / 1000) * 1000;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': textAt(entry, 'DetailType') ?? '',
    source: textAt(entry, 'Source') ?? '',
    account: accountId,
    time: new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region,
    resources: listAt(entry, 'Resources'),
    detail: JSON.parse(textAt(entry, 'Detail') ?? '{}') as Json,
  };
}
