import { randomUUID } from 'node:crypto';
import type { ServiceResponse } from '../../service.ts';
import type { SqsMessage, SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';
import { sqsError } from '../messages/sqs-errors.ts';
import { type DeadLetter, sourcesOf } from './dead-letters.ts';

type Body = Readonly<Record<string, unknown>>;
export type TaskOperation = (body: Body) => ServiceResponse;

/** Most messages a task moves per second. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html */
export const MAX_MOVES_PER_SECOND = 500;
const MAX_LISTED = 10;
/** A task moves a part of its rate this often. */
const STEP_MS = 100;

interface Task {
  readonly id: string;
  readonly source: SqsQueue;
  readonly destinationArn: string | undefined;
  readonly rate: number | undefined;
  readonly toMove: number;
  readonly startedAt: number;
  moved: number;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  failure?: string;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Redrive of dead-letter queues: StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. Moved messages are new ones: another
 * id, another time of sending, no receives. Tasks end with the engine.
 */
export function createMoveTasks(store: SqsStore): {
  readonly operations: Readonly<Record<string, TaskOperation>>;
  close(): void;
} {
  const tasks: Task[] = [];

  function step(task: Task, share: number): void {
    const most = Math.max(1, Math.floor((task.rate ?? MAX_MOVES_PER_SECOND) * share));
    for (let count = 0; count < most && task.status === 'RUNNING'; count++) moveOne(task);
    if (task.status !== 'RUNNING') return;
    const wait = task.rate === undefined ? STEP_MS : Math.max(STEP_MS, 1000 / task.rate);
    task.timer = setTimeout(() => step(task, wait / 1000), wait);
  }

  function moveOne(task: Task): void {
    const list = task.moved < task.toMove ? listWithNext(task.source) : undefined;
    const letter: DeadLetter | undefined = list?.[0];
    if (list === undefined || letter === undefined) {
      end(task, 'COMPLETED');
      return;
    }
    const arn = task.destinationArn ?? letter.deadLetterSourceArn;
    const destination = arn === undefined ? undefined : store.getQueueByArn(arn);
    if (destination === undefined) {
      task.failure = arn === undefined ? 'CouldNotDetermineMessageSource' : 'AWS.SimpleQueueService.NonExistentQueue';
      end(task, 'FAILED');
      return;
    }
    list.shift();
    task.source.persistence?.deleteMessage(letter.messageId);
    destination.enqueue(renewed(letter, destination));
    task.moved += 1;
    if (task.moved >= task.toMove) end(task, 'COMPLETED');
  }

  function end(task: Task, status: Task['status']): void {
    clearTimeout(task.timer);
    task.timer = undefined;
    task.status = status;
  }

  const operations: Readonly<Record<string, TaskOperation>> = {
    StartMessageMoveTask({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: rate }) {
      const source = store.getQueueByArn(String(SourceArn));
      if (source === undefined) return notFound('SourceArn');
      if (sourcesOf(source, store).length === 0)
        return sqsError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      if (DestinationArn !== undefined && store.getQueueByArn(String(DestinationArn)) === undefined)
        return notFound('DestinationArn');
      if (rate !== undefined && !(Number(rate) >= 1 && Number(rate) <= MAX_MOVES_PER_SECOND))
        return sqsError(
          'InvalidParameterValue',
          `Value ${rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number between 1 and ${MAX_MOVES_PER_SECOND}.`,
        );
      if (tasks.some((task) => task.source === source && task.status === 'RUNNING'))
        return sqsError(
          'InvalidParameterValue',
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      source.processTimers();
      const task: Task = {
        id: randomUUID(),
        source,
        destinationArn: DestinationArn === undefined ? undefined : String(DestinationArn),
        rate: rate === undefined ? undefined : Number(rate),
        toMove: Number(source.getAttribute('ApproximateNumberOfMessages')),
        startedAt: Date.now(),
        moved: 0,
        status: 'RUNNING',
        timer: undefined,
      };
      tasks.unshift(task);
      task.timer = setTimeout(() => step(task, STEP_MS / 1000), STEP_MS);
      return answer({ TaskHandle: handleOf(task) });
    },
    ListMessageMoveTasks({ SourceArn, MaxResults = 1 }) {
      const source = store.getQueueByArn(String(SourceArn));
      if (source === undefined) return notFound('SourceArn');
      const own = tasks.filter((task) => task.source === source).slice(0, Math.min(Number(MaxResults), MAX_LISTED));
      return answer({ Results: own.map(view) });
    },
    CancelMessageMoveTask({ TaskHandle }) {
      const handle = readHandle(String(TaskHandle));
      if (handle === undefined) return sqsError('InvalidParameterValue', 'Value for parameter TaskHandle is invalid.');
      if (store.getQueueByArn(handle.sourceArn) === undefined) return notFound('SourceArn');
      const task = tasks.find(({ id, status }) => id === handle.taskId && status === 'RUNNING');
      if (task === undefined) return sqsError('ResourceNotFoundException', 'Task does not exist.', 404);
      end(task, 'CANCELLED');
      return answer({ ApproximateNumberOfMessagesMoved: task.moved });
    },
  };
  return {
    operations,
    close() {
      for (const { timer } of tasks) clearTimeout(timer);
    },
  };
}

/** The list that the next visible message leads; of a FIFO queue only of groups of which nothing is in flight. */
function listWithNext(queue: SqsQueue): SqsMessage[] | undefined {
  const lists = queue.isFifo()
    ? [...queue.fifoMessages].filter(([group]) => !queue.fifoLockedGroups.has(group)).map(([, messages]) => messages)
    : [queue.messages];
  return lists.find(({ length }) => length > 0);
}

function renewed(
  { approximateFirstReceiveTimestamp: _first, ...letter }: DeadLetter,
  destination: SqsQueue,
): SqsMessage {
  delete letter.deadLetterSourceArn;
  delete letter.delayUntil;
  const message = { ...letter, messageId: randomUUID(), sentTimestamp: Date.now(), approximateReceiveCount: 0 };
  return destination.isFifo() ? { ...message, sequenceNumber: destination.nextSequenceNumber() } : message;
}

function view(task: Task): object {
  return {
    ...(task.status === 'RUNNING' && { TaskHandle: handleOf(task) }),
    Status: task.status,
    SourceArn: task.source.arn,
    ...(task.destinationArn !== undefined && { DestinationArn: task.destinationArn }),
    ...(task.rate !== undefined && { MaxNumberOfMessagesPerSecond: task.rate }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failure !== undefined && { FailureReason: task.failure }),
    StartedTimestamp: task.startedAt,
  };
}

const handleOf = ({ id, source }: Task): string =>
  Buffer.from(JSON.stringify({ taskId: id, sourceArn: source.arn })).toString('base64');

function readHandle(handle: string): { taskId: string; sourceArn: string } | undefined {
  try {
    const value = JSON.parse(Buffer.from(handle, 'base64').toString('utf8')) as Record<string, unknown>;
    const { taskId, sourceArn } = value;
    return typeof taskId === 'string' && typeof sourceArn === 'string' ? { taskId, sourceArn } : undefined;
  } catch {
    // Not one of ours.
    return undefined;
  }
}

const notFound = (parameter: string): ServiceResponse =>
  sqsError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
    404,
  );

const answer = (body: object): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});
