import { describe, expect, it } from 'vitest';
import { schedulesEnv } from '../../../lib/contracts/agreed/environment.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { InvalidKey } from '../../../lib/runtime/messages/keys.ts';
import { later, ScheduleConflict } from '../../../lib/runtime/publishing/later.ts';
import { MessageTooLarge } from '../../../lib/runtime/publishing/publish.ts';
import { orderedQueue, TicketClosed, TicketOpened, workQueue } from '../../contracts/sample-declarations.ts';
import { answerOf } from '../aws-answers.ts';

const NOW = Date.parse('2026-11-20T08:00:00.500Z');
const TARGET = { group: 'the-group', roleArn: 'the-role', queueArn: 'the-queue', deadLettersArn: 'the-dead-letters' };

interface Call {
  readonly service: string;
  readonly operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test looks at a few fields of what was sent.
  readonly input: any;
}

/** Scheduler in memory, and a queue that takes everything. */
function world() {
  const calls: Call[] = [];
  const schedules = new Map<string, Call['input']>();
  const env: Record<string, string> = {
    SLUICE_CHANNEL_WORK: 'https://queue',
    [schedulesEnv(workQueue)]: JSON.stringify(TARGET),
    SLUICE_CHANNEL_ORDERED_WORK: 'https://queue.fifo',
    [schedulesEnv(orderedQueue)]: JSON.stringify(TARGET),
  };
  const runtime: Runtime = {
    ...lambda,
    now: () => NOW,
    env: (name) => env[name],
    async aws(service, operation, input: Call['input']) {
      calls.push({ service, operation, input });
      if (service !== 'scheduler') return answerOf(operation, input);
      const { Name } = input;
      if (operation === 'CreateSchedule') {
        if (schedules.has(Name)) throw new AwsError('ConflictException', 'exists', 409);
        schedules.set(Name, input);
        return { ScheduleArn: 'arn' };
      }
      const found = schedules.get(Name);
      if (found === undefined) throw new AwsError('ResourceNotFoundException', 'no such schedule', 404);
      if (operation === 'DeleteSchedule') schedules.delete(Name);
      return found;
    },
  };
  const ordered = later(orderedQueue, runtime);
  return { calls, schedules, runtime, env, ordered, later: later(workQueue, runtime) };
}

const at = (text: string) => new Date(`2026-${text}Z`);
const request = (when: Date, more: object = {}) => ({
  key: 'T-1/reminder',
  event: TicketOpened,
  data: { ticket: 'T-1', text: '' },
  at: when,
  ...more,
});

describe('what is due within 15 minutes', () => {
  it.each([
    ['in the past', at('11-20T07:00:00'), undefined],
    ['now', at('11-20T08:00:00.500'), 1],
    ['in a minute', at('11-20T08:01:00'), 60],
    ['in 15 minutes', at('11-20T08:15:00'), 900],
  ])('waits in the queue, never shorter: %s', async (_, when, delay) => {
    const w = world();
    expect(await w.later.schedule(request(when))).toBe('delayed');
    expect(w.calls.map(({ operation }) => operation)).toEqual(['SendMessageBatch']);
    expect(w.calls[0]?.input.Entries[0].DelaySeconds).toBe(delay);
  });

  it('is an event whose id is made of key and due time, and which happens when it is due', async () => {
    const w = world();
    await w.later.schedule(request(at('11-20T08:01:00.2'), { correlationId: 'c-1' }));
    expect(JSON.parse(w.calls[0]?.input.Entries[0].MessageBody)).toMatchObject({
      id: 'T-1/reminder@2026-11-20T08:01:01Z',
      time: '2026-11-20T08:01:01.000Z',
      source: '/later/work',
      subject: 'T-1',
      correlationid: 'c-1',
    });
  });
});

describe('what is due later', () => {
  it('is a one-time schedule that is gone when it has fired, with an end to its retries and dead letters', async () => {
    const w = world();
    expect(await w.later.schedule(request(at('12-24T18:00:00')))).toBe('scheduled');
    expect(w.calls[0]).toMatchObject({
      service: 'scheduler',
      operation: 'CreateSchedule',
      input: {
        Name: expect.stringMatching(/^work-[0-9a-f]{32}$/),
        GroupName: 'the-group',
        ScheduleExpression: 'at(2026-12-24T18:00:00)',
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: 'the-queue',
          RoleArn: 'the-role',
          DeadLetterConfig: { Arn: 'the-dead-letters' },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      },
    });
    expect(JSON.parse(w.calls[0]?.input.Target.Input)).toMatchObject({
      id: 'T-1/reminder@2026-12-24T18:00:00Z',
      data: { ticket: 'T-1' },
    });
  });

  it('is one schedule, however often it is asked for', async () => {
    const w = world();
    await w.later.schedule(request(at('12-24T18:00:00')));
    expect(await w.later.schedule(request(at('12-24T17:59:59.5')))).toBe('already');
    expect(w.schedules.size).toBe(1);
    expect(await w.later.schedule(request(at('12-25T18:00:00')))).toBe('scheduled');
    expect(await w.later.schedule(request(at('12-24T18:00:00'), { key: 'T-2/reminder' }))).toBe('scheduled');
    expect(w.schedules.size).toBe(3);
  });

  it.each([
    ['data', { data: { ticket: 'T-1', text: 'other' } }],
    ['type', { event: TicketClosed }],
  ])('is refused when key and time are taken by an event of another %s', async (_, more) => {
    const w = world();
    await w.later.schedule(request(at('12-24T18:00:00')));
    const conflict = w.later.schedule(request(at('12-24T18:00:00'), more));
    await expect(conflict).rejects.toThrow(ScheduleConflict);
    await expect(conflict).rejects.toThrow(
      "'T-1/reminder' is scheduled for 2026-12-24T18:00:00Z already, with another event; a changed event needs a key of its own, or cancel() first",
    );
  });

  it('counts as scheduled when it fires between asking and looking', async () => {
    const w = world();
    await w.later.schedule(request(at('12-24T18:00:00')));
    const { aws } = w.runtime;
    const racing = later(workQueue, {
      ...w.runtime,
      async aws(service, operation, input) {
        if (operation === 'GetSchedule') w.schedules.clear();
        return aws(service, operation, input);
      },
    });
    expect(await racing.schedule(request(at('12-24T18:00:00')))).toBe('already');
  });

  it('can be taken back until it is sent', async () => {
    const w = world();
    const when = at('12-24T18:00:00');
    await w.later.schedule(request(when));
    expect(await w.later.cancel({ key: 'T-1/reminder', at: when })).toBe(true);
    expect(await w.later.cancel({ key: 'T-1/reminder', at: when })).toBe(false);
    expect(await w.later.schedule(request(when))).toBe('scheduled');
  });

  it('keeps text that looks like a placeholder as it is', async () => {
    const w = world();
    const text = 'see <aws.scheduler.scheduled-time>';
    await w.later.schedule(request(at('12-24T18:00:00'), { data: { ticket: 'T-1', text } }));
    const { Input } = w.calls[0]?.input.Target ?? {};
    expect(Input).not.toContain('<aws.scheduler.');
    expect(JSON.parse(Input).data.text).toBe(text);
  });

  it('is refused when no schedule can hold it', async () => {
    const w = world();
    const large = w.later.schedule(
      request(at('12-24T18:00:00'), { data: { ticket: 'T-1', text: 'x'.repeat(262_144) } }),
    );
    await expect(large).rejects.toThrow(MessageTooLarge);
    await expect(large).rejects.toThrow(
      'a schedule takes 262144. Store the document yourself and schedule its address.',
    );
  });

  it.each([
    ['bytes, not characters', 'é', 0],
    ['characters of one byte as well', 'x', 0],
    ['all that fits to the byte', 'é', 1],
  ])('what is escaped for a schedule counts too, by %s', async (_, filler, fits) => {
    const w = world();
    const when = at('12-24T18:00:00');
    const bytesWith = async (text: string) => {
      await w.later.schedule(request(when, { data: { ticket: 'T-1', text } }));
      return Buffer.byteLength(w.calls.at(-1)?.input.Target.Input);
    };
    // Each placeholder grows by five bytes: what goes in as it is does not when it is escaped.
    const marks = '<aws.scheduler.'.repeat(10);
    const room = 262_144 - (await bytesWith(marks));
    const each = Buffer.byteLength(filler);
    const text = (more: number) => marks + filler.repeat(Math.floor(room / each)) + 'x'.repeat((room % each) + more);
    const large = (more: number) =>
      w.later.schedule(
        request(when, {
          at: new Date(+when + 60_000),
          data: { ticket: 'T-1', text: text(more) },
        }),
      );
    const before = w.calls.length;
    if (fits === 1) {
      expect(await large(0)).toBe('scheduled');
      expect(Buffer.byteLength(w.calls.at(-1)?.input.Target.Input)).toBe(262_144);
    } else {
      await expect(large(1)).rejects.toThrow(/262145.* a schedule takes 262144/);
      expect(w.calls).toHaveLength(before);
    }
  });

  it.each(['AccessDeniedException', 'ThrottlingException'])('hands on %s', async (code) => {
    const w = world();
    const refusing = later(workQueue, { ...w.runtime, aws: () => Promise.reject(new AwsError(code, 'no', 400)) });
    await expect(refusing.schedule(request(at('12-24T18:00:00')))).rejects.toThrow('no');
    await expect(refusing.cancel({ key: 'k', at: at('12-24T18:00:00') })).rejects.toThrow('no');
  });
});

describe('on a FIFO queue', () => {
  it.each([
    ['a second', at('11-20T08:00:01'), 'at(2026-11-20T08:01:01)'],
    ['a minute and a half', at('11-20T08:01:30'), 'at(2026-11-20T08:01:30)'],
    ['a month', at('12-20T08:00:00'), 'at(2026-12-20T08:00:00)'],
  ])('what is due in %s is scheduled into its message group, a minute ahead at least', async (_, when, expression) => {
    const w = world();
    expect(await w.ordered.schedule(request(when))).toBe('scheduled');
    expect(w.calls[0]?.input).toMatchObject({
      ScheduleExpression: expression,
      Target: { Arn: 'the-queue', SqsParameters: { MessageGroupId: 'T-1' } },
    });
    expect(JSON.parse(w.calls[0]?.input.Target.Input)).toMatchObject({ time: when.toISOString() });
    expect(await w.ordered.schedule(request(when))).toBe('already');
  });

  it('what is due already is sent at once, without a delay', async () => {
    const w = world();
    expect(await w.ordered.schedule(request(at('11-20T08:00:00')))).toBe('delayed');
    const [{ operation, input }] = w.calls as [Call];
    expect(operation).toBe('SendMessageBatch');
    expect(input.QueueUrl).toBe('https://queue.fifo');
    expect(input.Entries[0]).toMatchObject({ MessageGroupId: 'T-1' });
    expect(input.Entries[0]).not.toHaveProperty('DelaySeconds');
  });

  it('a group that SQS does not take is refused', async () => {
    const named = request(at('12-24T18:00:00'), { data: { ticket: 'T 1', text: '' } });
    await expect(world().ordered.schedule(named)).rejects.toThrow(InvalidKey);
  });

  it('a queue without order has no group', async () => {
    const w = world();
    await w.later.schedule(request(at('12-24T18:00:00')));
    expect(w.calls[0]?.input.Target).not.toHaveProperty('SqsParameters');
  });
});

describe('what cannot be scheduled', () => {
  it.each([
    ['a time that is none', { at: new Date('soon') }, '`at` is not a time'],
    ['no key', { key: '' }, "key '' must have 1 to 200 characters (given 0)"],
    ['a key of 201 characters', { key: 'x'.repeat(201) }, '(given 201)'],
  ])('is refused: %s', async (_, more, message) => {
    await expect(world().later.schedule(request(at('12-24T18:00:00'), more))).rejects.toThrow(RangeError);
    await expect(world().later.schedule(request(at('12-24T18:00:00'), more))).rejects.toThrow(message);
  });

  it.each([1, 200])('is none of that: a key of %i characters', async (length) => {
    const w = world();
    await w.later.schedule(request(at('12-24T18:00:00'), { key: 'x'.repeat(length) }));
    expect(w.schedules.size).toBe(1);
  });

  it('is refused when the queue does not carry it', async () => {
    const w = world();
    const narrow = later(queue('work', { events: [TicketClosed] }), w.runtime);
    await expect(narrow.schedule(request(at('12-24T18:00:00')) as never)).rejects.toThrow(
      "queue 'work' does not carry tickets.ticket-opened",
    );
  });

  it.each([
    ['SLUICE_CHANNEL_WORK', 'SLUICE_SCHEDULES_WORK'],
    ['SLUICE_SCHEDULES_WORK', 'SLUICE_CHANNEL_WORK'],
  ])('asks for %s while the function initialises', (missing, present) => {
    const w = world();
    const env = (name: string) => (name === present ? w.env[name] : undefined);
    expect(() => later(workQueue, { ...w.runtime, env })).toThrow(`environment variable ${missing} is not set`);
  });
});
