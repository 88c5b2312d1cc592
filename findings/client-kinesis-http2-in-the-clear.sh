#!/usr/bin/env bash
# @aws-sdk/client-kinesis 3.1143.0 speaks HTTP/2 with prior knowledge to any endpoint, also to a plain http:// one: a server of HTTP/1.1 sees the
# preface "PRI * HTTP/2.0" and no request, and the call fails. client-sqs at the same server speaks HTTP/1.1. With NodeHttpHandler as
# `requestHandler` the Kinesis client does, too. Whoever puts Kinesis behind a proxy or writes an emulator meets this first.
# Seen: "sqs: HTTP/1.1 POST", "kinesis: PRI * HTTP/2.0", "kinesis over NodeHttpHandler: HTTP/1.1 POST".
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error \
  @aws-sdk/client-kinesis@3.1143.0 @aws-sdk/client-sqs@3.1169.0 @smithy/node-http-handler@4.14.2 node@24.21.0 > /dev/null
cat > run.mjs <<'JS'
import { createServer } from 'node:net';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';

let seen = '';
// Tells what each connection begins with, and answers as a server of HTTP/1.1 does.
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', (data) => {
    const [line = ''] = data.toString('latin1').split('\r\n');
    seen = line.startsWith('PRI') ? line : `HTTP/1.1 ${line.split(' ')[0]}`;
    socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n\r\n{}');
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const settings = {
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
};
const tell = async (name, client, command) => {
  await client.send(command).catch(() => undefined);
  client.destroy();
  console.log(`${name}: ${seen}`);
};
await tell('sqs', new SQSClient(settings), new ListQueuesCommand({}));
await tell('kinesis', new KinesisClient(settings), new ListStreamsCommand({}));
const requestHandler = new NodeHttpHandler();
await tell('kinesis over NodeHttpHandler', new KinesisClient({ ...settings, requestHandler }), new ListStreamsCommand({}));
server.close();
JS
printed=$(node_modules/.bin/node run.mjs)
echo "$printed"
expected=$'sqs: HTTP/1.1 POST\nkinesis: PRI * HTTP/2.0\nkinesis over NodeHttpHandler: HTTP/1.1 POST'
[ "$printed" = "$expected" ] || { echo "it behaves differently now" >&2; exit 1; }
