import { findPackageJSON } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { buildApp } from 'fauxqs';
import type { ServiceResponse } from '../../service.ts';
import type { State } from '../../state/state.ts';
import type { CreateMessage } from '../messages/delivery.ts';
import type { S3Store, SnsStore, SqsStore } from '../messages/fauxqs-types.ts';
import { keepGroupsInOrder } from './fifo-queue.ts';
import { type HoldBack, holdMessagesBack } from './hold-back.ts';
import { listInByteOrder } from './list-objects.ts';
import { extendQueues } from './queue-extensions.ts';
import type { AttributesDigest } from './received-attributes.ts';
import { keepBuckets } from './s3-state.ts';
import { keepTopics } from './sns-state.ts';
import { keepQueues } from './sqs-state.ts';

/** The part of a Fastify request that fauxqs' SQS and SNS actions read. */
interface RouterRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: object;
}

interface Router {
  register(action: string, handler: unknown): void;
  handle(request: RouterRequest, reply: Reply): Promise<unknown>;
}

type App = ReturnType<typeof buildApp>;

export interface Fauxqs {
  /** fauxqs' S3 application, loaded when it is first asked for: most of the time of a start would go into it. */
  readonly s3App: () => Promise<App>;
  readonly sqsStore: SqsStore;
  readonly snsStore: SnsStore;
  readonly s3Store: S3Store;
  /** Runs an SQS action. The action itself runs before this returns (a waiting receive goes on later). */
  readonly callSqs: (request: RouterRequest) => Promise<ServiceResponse>;
  /** Runs an SNS action in the same way. */
  readonly callSns: (request: RouterRequest) => Promise<ServiceResponse>;
  readonly digestOfAttributes: AttributesDigest;
  readonly createMessage: CreateMessage;
  /** Ends waiting receives too. */
  close(): Promise<void>;
}

/** API operations of fauxqs 2.4.1; each is a file of that name under dist/{sqs,sns}/actions unless said otherwise. */
export const SQS_OPERATIONS = [
  'CreateQueue',
  'DeleteQueue',
  'GetQueueUrl',
  'ListQueues',
  'GetQueueAttributes',
  'SetQueueAttributes',
  'PurgeQueue',
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'SendMessageBatch',
  'DeleteMessageBatch',
  'ChangeMessageVisibility',
  'ChangeMessageVisibilityBatch',
  'TagQueue',
  'UntagQueue',
  'ListQueueTags',
] as const;

export const SNS_OPERATIONS = [
  'CreateTopic',
  'DeleteTopic',
  'ListTopics',
  'GetTopicAttributes',
  'SetTopicAttributes',
  'Subscribe',
  'Unsubscribe',
  'ConfirmSubscription',
  'ListSubscriptions',
  'ListSubscriptionsByTopic',
  'GetSubscriptionAttributes',
  'SetSubscriptionAttributes',
  'TagResource',
  'UntagResource',
  'ListTagsForResource',
] as const;

/** Actions that share a file with another one. */
const FILES: Readonly<Record<string, string>> = {
  ListSubscriptionsByTopic: 'listSubscriptions',
  UntagResource: 'tagResource',
  ListTagsForResource: 'tagResource',
};

export interface FauxqsOptions {
  readonly holdBack: HoldBack;
  readonly state?: State | undefined;
}

/**
 * fauxqs' stores, its S3 application and its SQS and SNS actions. The actions are called directly rather than through the
 * HTTP application: the endpoint has parsed the request already, and this is the engine's hottest path.
 */
export async function loadFauxqs(region: string, { holdBack, state }: FauxqsOptions): Promise<Fauxqs> {
  const load = importer();
  const { SqsStore } = await load<{ SqsStore: { new (): SqsStore; createMessage: CreateMessage } }>('sqs/sqsStore.js');
  const { SnsStore } = await load<{ SnsStore: new () => SnsStore }>('sns/snsStore.js');
  const { S3Store } = await load<{ S3Store: new () => S3Store }>('s3/s3Store.js');
  const sqsStore = new SqsStore();
  const snsStore = new SnsStore();
  const s3Store = new S3Store();
  listInByteOrder(s3Store);
  // Without a host, queue URLs carry the host and port the request came to.
  sqsStore.host = '';
  extendQueues(sqsStore, (queue) => {
    if (queue.isFifo()) keepGroupsInOrder(queue);
    else holdMessagesBack(queue, holdBack);
  });
  if (state !== undefined) {
    keepQueues(sqsStore, state);
    keepTopics(snsStore, state);
    keepBuckets(s3Store, state);
  }
  let app: Promise<App> | undefined;
  const openApp = async (): Promise<App> => {
    const fauxqs = await import('fauxqs');
    const opened = fauxqs.buildApp({ logger: false, defaultRegion: region, stores: { sqsStore, snsStore, s3Store } });
    await opened.ready();
    return opened;
  };

  const sqs = await load<{ SqsRouter: new (store: SqsStore) => Router }>('sqs/sqsRouter.js');
  const sqsRouter = new sqs.SqsRouter(sqsStore);
  const sns = await load<{ SnsRouter: new (snsStore: SnsStore, queues: SqsStore) => Router }>('sns/snsRouter.js');
  const snsRouter = new sns.SnsRouter(snsStore, sqsStore);
  await registerActions(load, 'sqs', SQS_OPERATIONS, sqsRouter);
  await registerActions(load, 'sns', SNS_OPERATIONS, snsRouter);
  const { md5OfMessageAttributes } = await load<{ md5OfMessageAttributes: AttributesDigest }>('common/md5.js');
  return {
    digestOfAttributes: md5OfMessageAttributes,
    createMessage: SqsStore.createMessage,
    s3App() {
      app ??= openApp();
      return app;
    },
    async close() {
      sqsStore.shutdown();
      await (await app)?.close();
    },
    sqsStore,
    snsStore,
    s3Store,
    callSqs: (request) => call(sqsRouter, request),
    callSns: (request) => call(snsRouter, request),
  };
}

type Load = <T>(file: string) => Promise<T>;

/** fauxqs exports its application only; stores and actions are files beside it. */
function importer(): Load {
  const manifest = findPackageJSON('fauxqs', import.meta.url);
  if (manifest === undefined) throw new Error('fauxqs is not installed: run npm ci');
  const dist = new URL('./dist/', pathToFileURL(manifest));
  return (file) => import(new URL(file, dist).href);
}

async function registerActions(load: Load, service: string, operations: readonly string[], router: Router) {
  for (const operation of operations) {
    const name = lowerFirst(operation);
    const actions = await load<Record<string, unknown>>(`${service}/actions/${FILES[operation] ?? name}.js`);
    router.register(operation, actions[name]);
  }
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** Stands in for a Fastify reply. */
class Reply {
  statusCode = 200;
  readonly headers: Record<string, string> = {};
  status(code: number): this {
    this.statusCode = code;
    return this;
  }
  header(name: string, value: string): this {
    this.headers[name] = value;
    return this;
  }
}

async function call(router: Router, request: RouterRequest): Promise<ServiceResponse> {
  const reply = new Reply();
  const result = await router.handle(request, reply);
  const body = typeof result === 'string' ? result : JSON.stringify(result);
  return { status: reply.statusCode, headers: reply.headers, body };
}
