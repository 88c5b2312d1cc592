#!/usr/bin/env bash
# fauxqs 2.4.1 hands out one message of a message group in a receive, however many were asked for, and none of that group until it is deleted. SQS hands out "as many
# messages with the same message group ID as possible". A consumer that takes batches by group, and a tool that looks through a dead-letter queue, behave differently.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
# Seen: of a1, a2, a3 (group a) and b1, b2 (group b) a receive of up to 10 brings a1 b1, and the next one nothing.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error fauxqs@2.4.1 @aws-sdk/client-sqs@3.1169.0 node@24.21.0 > /dev/null
cat > run.mjs <<'JS'
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';

const server = await startFauxqs({ port: 0, logger: false });
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const sqs = new SQSClient({ endpoint: `http://127.0.0.1:${server.port}`, region: 'us-east-1', credentials });
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders.fifo', Attributes: { FifoQueue: 'true' } }));
for (const body of ['a1', 'a2', 'a3', 'b1', 'b2'])
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageGroupId: body[0], MessageDeduplicationId: body }));
for (const which of ['first', 'second']) {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  console.log(`${which}: ${Messages.map(({ Body }) => Body).join(' ')}`);
}
sqs.destroy();
await server.stop();
JS
printed=$(node_modules/.bin/node run.mjs)
echo "$printed"
[ "$printed" = $'first: a1 b1\nsecond: ' ] || { echo "it behaves differently now" >&2; exit 1; }
