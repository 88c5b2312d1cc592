#!/usr/bin/env bash
# fauxqs 2.4.1 counts a binary attribute of a message by its base64 text, a third more than its bytes. SQS counts bytes: a message of 1,048,576 bytes,
# attributes included, is taken. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
# Seen: a binary attribute of 700,000 bytes is taken beside a body of 100,000 and refused beside one of 200,000, which makes 900,000 bytes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error fauxqs@2.4.1 @aws-sdk/client-sqs@3.1169.0 node@24.21.0 > /dev/null
cat > run.mjs <<'JS'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';

const server = await startFauxqs({ port: 0, logger: false });
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const sqs = new SQSClient({ endpoint: `http://127.0.0.1:${server.port}`, region: 'us-east-1', credentials });
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'work', Attributes: { MaximumMessageSize: '1048576' } }));
const MessageAttributes = { picture: { DataType: 'Binary', BinaryValue: new Uint8Array(700_000) } };
for (const bytes of [100_000, 200_000]) {
  const input = { QueueUrl, MessageBody: 'x'.repeat(bytes), MessageAttributes };
  const said = await sqs.send(new SendMessageCommand(input)).then(() => 'taken', (error) => error.name);
  console.log(`700000 + ${bytes} = ${700_000 + bytes} bytes: ${said}`);
}
sqs.destroy();
await server.stop();
JS
printed=$(node_modules/.bin/node run.mjs)
echo "$printed"
expected=$'700000 + 100000 = 800000 bytes: taken\n700000 + 200000 = 900000 bytes: AWS.SimpleQueueService.InvalidParameterValue'
[ "$printed" = "$expected" ] || { echo "it behaves differently now" >&2; exit 1; }
