interface Batch {
  readonly Entries?: readonly { readonly Id: string }[];
  readonly PublishBatchRequestEntries?: readonly { readonly Id: string }[];
  readonly Records?: readonly object[];
  readonly RequestItems?: Readonly<Record<string, object>>;
}

const named = (entries: readonly { readonly Id: string }[] = []): object => ({
  Successful: entries.map(({ Id }) => ({ Id, MessageId: `message-${Id}` })),
  Failed: [],
});

const ANSWERS: Readonly<Record<string, (input: Batch) => object>> = {
  SendMessageBatch: ({ Entries }) => named(Entries),
  DeleteMessageBatch: ({ Entries }) => named(Entries),
  PublishBatch: ({ PublishBatchRequestEntries }) => named(PublishBatchRequestEntries),
  PutRecords: ({ Records = [] }) => ({
    FailedRecordCount: 0,
    Records: Records.map((_, i) => ({ SequenceNumber: String(i + 1), ShardId: 'shardId-000000000000' })),
  }),
  BatchGetItem: ({ RequestItems = {} }) => ({
    Responses: Object.fromEntries(Object.keys(RequestItems).map((table) => [table, []])),
    UnprocessedKeys: {},
  }),
};

/** What AWS answers when it has taken everything and has found nothing. */
export const answerOf = (operation: string, input: object): object => ANSWERS[operation]?.(input as Batch) ?? {};
