#!/usr/bin/env bash
# fauxqs 2.4.1 refuses a message whose body has a character above U+FFFF, such as an emoji: InvalidMessageContents.
# SQS takes #x10000 to #x10FFFF: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
# Seen: "plain: taken" and "emoji: AWS.SimpleQueueService.InvalidMessageContents". The same body in JSON escapes is taken, as it holds no such character.
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
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
for (const [name, MessageBody] of [['plain', 'well done'], ['emoji', 'well done \u{1F600}'], ['escaped', '"\\ud83d\\ude00"']]) {
  const said = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })).then(() => 'taken', (error) => error.name);
  console.log(`${name}: ${said}`);
}
sqs.destroy();
await server.stop();
JS
printed=$(node_modules/.bin/node run.mjs)
echo "$printed"
expected=$'plain: taken\nemoji: AWS.SimpleQueueService.InvalidMessageContents\nescaped: taken'
[ "$printed" = "$expected" ] || { echo "it behaves differently now" >&2; exit 1; }
